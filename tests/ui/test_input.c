/* The key decoder: the sequences of common terminals, broken ones, and never a loop without progress. */
#include "ui/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Names of all keys in the text, with blanks between; what is swallowed is "." */
static void expect(const char *bytes, const char *want)
{
	size_t length = strlen(bytes), at = 0;
	char have[256] = "", name[UI_KEY_NAME_SIZE];

	while (at < length) {
		ui_key key;
		size_t n = input_decode(bytes + at, length - at, true, &key);

		assert_true(n > 0 && n <= length - at);
		at += n;
		strcat(have, *have ? " " : "");
		strcat(have, key == UI_KEY_NONE ? "." : key_print(name, key));
	}
	assert_string_equal(have, want);
}

static void test_characters(void **state)
{
	(void)state;
	expect("q?", "q ?");
	expect(" \t\r\n\x7f\b\x1b", "Space Tab Enter Enter BS BS Esc");
	expect("\x01\x0c\x1a\x1c\x1f", "C-a C-l C-z C-\\ C-_");
	expect("é中", "é 中");
	expect("\xff\xc3q\x80", ". . q .");
	expect("\xc2\x9b", "."); /* C1 CSI */
	expect("\033x\033X\033é\033\r\033\x0c", "M-x M-X M-é M-Enter C-M-l");
	expect("\033\033[A", "Esc Up");
}

static void test_special_keys(void **state)
{
	(void)state;
	expect("\033[A\033[B\033[C\033[D\033[H\033[F", "Up Down Right Left Home End");
	expect("\033OA\033OB\033OC\033OD\033OH\033OF\033OM", "Up Down Right Left Home End Enter");
	expect("\033[1~\033[2~\033[3~\033[4~\033[5~\033[6~\033[7~\033[8~", "Home Ins Del End PgUp PgDn Home End");
	expect("\033OP\033OQ\033OR\033OS", "F1 F2 F3 F4");
	expect("\033[11~\033[15~\033[17~\033[21~\033[23~\033[24~", "F1 F5 F6 F10 F11 F12");
	expect("\033[[A\033[[E", "F1 F5");
	expect("\033[Z", "S-Tab");
	expect("\033[1;2A\033[1;3A\033[1;5C\033[1;8D\033[5;5~\033[1;5P", "S-Up M-Up C-Right C-M-S-Left C-PgUp C-F1");
	expect("\033[16~\033[9~\033[99~\033[0~\033[~", ". . . . .");
}

/* Reports, pastes, mouse events and nonsense press no keys. */
static void test_unknown_sequences_are_swallowed(void **state)
{
	(void)state;
	expect("\033[?62;4cq", ". q");
	expect("\033[24;80Rq", ". q");
	expect("\033[<0;12;5Mq", ". q");
	expect("\033[200~q", ". q");
	expect("\033[Iq\033[Oq", ". q . q");
	expect("\033[1;2;3Aq", ". q");
	expect("\033[99999999999Aq", ". q");
	expect("\033[1;\033[A", ". Up");
	expect("\033[1;\rq", ". Enter q");
	expect("\033[", "M-[");
	expect("\033[1;5", ".");
	expect("\033O", "M-O");
	expect("\033Ox", "M-O x");
	expect("\033[[", ".");
}

static void test_waits_for_the_rest(void **state)
{
	static const char *const halves[] = { "\033", "\033[", "\033[1", "\033[1;5", "\033O", "\033[[", "\xc3",
		"\xe4\xb8", "\033\xc3" };
	ui_key key;

	(void)state;
	for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
		assert_int_equal(input_decode(halves[i], strlen(halves[i]), false, &key), 0);
		assert_true(input_decode(halves[i], strlen(halves[i]), true, &key) > 0);
	}
	assert_int_equal(input_decode("", 0, true, &key), 0);
}

static void test_any_bytes(void **state)
{
	char bytes[64];
	ui_key key;

	(void)state;
	srand(7);
	for (int round = 0; round < 200000; round++) {
		size_t length = 1 + (size_t)rand() % sizeof bytes;

		for (size_t i = 0; i < length; i++)
			bytes[i] = rand() % 3 ? "\033[O;0159~A"[rand() % 10] : (char)rand();
		for (size_t at = 0, n; at < length; at += n) {
			n = input_decode(bytes + at, length - at, true, &key);
			assert_true(n > 0 && n <= length - at);
		}
		/* half a sequence is short: it cannot fill the caller's buffer for ever */
		assert_true(input_decode(bytes, length, false, &key) > 0 || length < 48);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_special_keys),
		cmocka_unit_test(test_unknown_sequences_are_swallowed),
		cmocka_unit_test(test_waits_for_the_rest),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
