/* The text of /proc/kallsyms from known bytes. */
#include "symbol/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char text[] =
	"0000000000000000 A fixed_percpu_data\n"
	"ffffffff81000000 T _text\n"
	"ffffffff81000200 t inner_one\n"
	"ffffffff81000200 T inner_one_alias\n"
	"ffffffff82000040 D tasklist_lock\n"
	"garbage\n"
	"\n"
	"ffffffffc0001000 t nf_lookup\t[nf_conntrack]\n"
	"ffffffff81000300 T later_but_lower\n";

static void addresses_get_the_nearest_name_below(void **state)
{
	struct symbol_name n[] = { { .address = 0xffffffff80ffffff }, { .address = 0xffffffff81000200 },
		{ .address = 0xffffffff810002ff }, { .address = 0xffffffff81000310 }, { .address = 0xffffffff82000040 },
		{ .address = 0xffffffff83000040 }, { .address = 0xffffffffc0001010 }, { .address = UINT64_MAX } };

	(void)state;
	assert_int_equal(kernel_feed(n, 8, text, strlen(text)), strlen(text));
	assert_int_equal(n[0].kind, SYMBOL_UNKNOWN); /* below everything */
	assert_string_equal(n[1].name, "inner_one");
	assert_int_equal(n[1].offset, 0);
	assert_string_equal(n[2].name, "inner_one");
	assert_int_equal(n[2].offset, 0xff);
	assert_int_equal(n[2].kind, SYMBOL_FUNCTION);
	assert_string_equal(n[2].module, "kernel");
	assert_string_equal(n[3].name, "later_but_lower");
	assert_int_equal(n[3].offset, 0x10);
	assert_string_equal(n[4].name, "tasklist_lock");
	assert_int_equal(n[4].kind, SYMBOL_OBJECT);
	assert_int_equal(n[5].kind, SYMBOL_UNKNOWN); /* far above everything */
	assert_string_equal(n[6].name, "nf_lookup");
	assert_string_equal(n[6].module, "nf_conntrack");
	assert_int_equal(n[6].offset, 0x10);
	assert_int_equal(n[7].kind, SYMBOL_UNKNOWN);
}

static void a_text_may_come_in_pieces(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		struct symbol_name n = { .address = 0xffffffffc0001010 };
		size_t taken = kernel_feed(&n, 1, text, cut);

		taken += kernel_feed(&n, 1, text + taken, strlen(text) - taken);
		assert_int_equal(taken, strlen(text));
		assert_string_equal(n.name, "nf_lookup");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_get_the_nearest_name_below),
		cmocka_unit_test(a_text_may_come_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
