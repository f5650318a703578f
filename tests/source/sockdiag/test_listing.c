/* The table of sockets: which rows of many, and what they say. */
#include "model/tables.h"
#include "source/sockdiag/listing.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct seen_end end_at(const char *address, uint16_t port)
{
	struct seen_end end = { .address = { [10] = 0xff, [11] = 0xff }, .port = port };

	if (inet_pton(AF_INET, address, end.address + 12) != 1)
		assert_int_equal(inet_pton(AF_INET6, address, end.address), 1);
	return end;
}

static void ends_are_written_as_addresses(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		const char *text;
	} cases[] = {
		{ "10.0.0.1", 443, "10.0.0.1:443" },
		{ "::1", 53, "[::1]:53" },
		{ "::ffff:192.168.1.2", 65535, "192.168.1.2:65535" },
		{ "0.0.0.0", 0, "0.0.0.0:*" },
		{ "::", 80, "[::]:80" },
		{ "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 65535, "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535" },
	};
	char buf[LISTING_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct seen_end end = end_at(cases[i].address, cases[i].port);

		assert_string_equal(listing_end(buf, &end), cases[i].text);
	}
}

/* n connections, of which number i moved i * i segments in this cycle, and one that listens. */
static void fill(struct ledger *l, size_t n)
{
	struct seen s = { .inode = 1, .protocol = IPPROTO_TCP, .state = SEEN_ESTABLISHED, .known = (1u << SEEN_TOTALS) - 1,
		.rtt = 250, .rx_queue = 7, .tx_queue = 9 };

	ledger_begin(l);
	for (size_t i = 0; i < n; i++) {
		s.cookie = i + 1;
		s.local = end_at("127.0.0.1", 80);
		s.peer = end_at("127.0.0.1", (uint16_t)(1024 + i));
		s.total[SEEN_RX_SEGMENTS] = i * i;
		ledger_take(l, &s, true, false, 0);
	}
	s = (struct seen){ .cookie = n + 1, .inode = 2, .protocol = IPPROTO_TCP, .state = SEEN_LISTEN, .local = end_at("0.0.0.0", 80) };
	ledger_take(l, &s, true, false, 0);
	ledger_finish(l, true);
}

static struct table *put(const struct ledger *l, bool complete, struct sample *out)
{
	listing_put(l, complete, out);
	return sample_find_table(out, &table_sockets);
}

static void the_busiest_of_many_have_a_row(void **state)
{
	struct registry *r = registry_new();
	struct sample *out = sample_new(r);
	struct ledger l = { .cycle = 0 };
	bool listens = false;
	struct table *t;

	(void)state;
	fill(&l, 2000);
	t = put(&l, true, out);
	assert_int_equal(t->nrows, 512);
	assert_int_equal(t->left_out, 2001 - 512);
	for (size_t i = 0; i < t->nrows; i++) {
		/* Number 1449 moved more than 2^21; those with as many bits are equal. */
		assert_true(t->keys[i] > 1024 + 1);
		listens |= t->keys[i] == 2001;
	}
	assert_true(listens);
	ledger_free(&l);
	sample_free(out);
	registry_free(r);
}

static void a_row_has_what_is_known(void **state)
{
	struct registry *r = registry_new();
	struct sample *out = sample_new(r);
	struct ledger l = { .cycle = 0 };
	struct table *t;
	const union cell *row;

	(void)state;
	fill(&l, 3);
	t = put(&l, true, out);
	assert_int_equal(t->nrows, 4);
	assert_int_equal(t->left_out, 0);
	row = t->cells + 2 * table_sockets_columns;
	assert_string_equal(row[SOCKETS_PROTOCOL].text, "tcp");
	assert_string_equal(row[SOCKETS_ROLE].text, "server");
	assert_string_equal(row[SOCKETS_STATE].text, "ESTAB");
	assert_string_equal(row[SOCKETS_PEER].text, "127.0.0.1:1026");
	assert_true(row[SOCKETS_RX_SEGMENTS].number == 4);
	assert_true(row[SOCKETS_RTT].number == 0.00025);
	assert_true(row[SOCKETS_RX_QUEUE].number == 7 && row[SOCKETS_TX_QUEUE].number == 9);
	assert_true(isnan(row[SOCKETS_RX_MESSAGES].number)); /* another source's */
	row = t->cells + 3 * table_sockets_columns;
	assert_string_equal(row[SOCKETS_ROLE].text, "listen");
	assert_true(isnan(row[SOCKETS_RX_QUEUE].number)); /* connections, not bytes */
	assert_true(isnan(row[SOCKETS_RX_BYTES].number));
	ledger_free(&l);
	sample_free(out);
	registry_free(r);
}

static void between_two_looks_there_are_no_totals(void **state)
{
	struct registry *r = registry_new();
	struct sample *out = sample_new(r);
	struct ledger l = { .cycle = 0 };
	struct table *t;
	const union cell *row;

	(void)state;
	fill(&l, 3);
	ledger_begin(&l);
	t = put(&l, false, out);
	assert_int_equal(t->nrows, 4);
	assert_int_equal(t->left_out, 0);
	row = t->cells + 2 * table_sockets_columns;
	assert_string_equal(row[SOCKETS_PEER].text, "127.0.0.1:1026");
	assert_true(row[SOCKETS_RTT].number == 0.00025);
	assert_true(isnan(row[SOCKETS_RX_SEGMENTS].number));
	assert_true(isnan(row[SOCKETS_RETRANSMITS].number));
	ledger_free(&l);
	sample_free(out);
	registry_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_written_as_addresses),
		cmocka_unit_test(the_busiest_of_many_have_a_row),
		cmocka_unit_test(a_row_has_what_is_known),
		cmocka_unit_test(between_two_looks_there_are_no_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
