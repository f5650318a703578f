/* The parsers of /proc and cgroup texts: recorded files, other kernels, cut and hostile texts. */
#include "source/proc/text.h"

#include "base/file.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *recorded(const char *name)
{
	static char text[16384];
	char path[256];

	snprintf(path, sizeof path, "tests/data/proc/%s", name);
	assert_true(file_read_at(AT_FDCWD, path, text, sizeof text) > 0);
	return text;
}

static void keyed_lines_of_status(void **state)
{
	static const char *const names[] = { "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmSwap", "voluntary_ctxt_switches",
		"nonvoluntary_ctxt_switches", "Tgid", "VmNever" };
	uint64_t v[9] = { 0 };

	(void)state;
	assert_int_equal(text_keyed(recorded("status-6.18"), names, 9, v), 0xff);
	assert_int_equal(v[0], 556);
	assert_int_equal(v[1], 76);
	assert_int_equal(v[2], 468);
	assert_int_equal(v[3], 12);
	assert_int_equal(v[4], 16);
	assert_int_equal(v[5], 1);
	assert_int_equal(v[6], 7);
	assert_int_equal(v[7], 29723);
}

static void keyed_lines_of_io_rollup_and_snmp6(void **state)
{
	static const char *const io[] = { "read_bytes", "write_bytes" };
	static const char *const rollup[] = { "Pss", "Private_Dirty", "Swap" };
	static const char *const six[] = { "Ip6InReceives", "Ip6OutRequests", "Ip6InOctets", "Ip6OutOctets",
		"Udp6InDatagrams" };
	uint64_t v[5];

	(void)state;
	assert_int_equal(text_keyed(recorded("io-6.18"), io, 2, v), 3);
	assert_int_equal(v[0], 8192);
	assert_int_equal(v[1], 0);
	assert_int_equal(text_keyed(recorded("smaps-rollup-6.18"), rollup, 3, v), 7);
	assert_int_equal(v[0], 303);
	assert_int_equal(v[1], 108);
	assert_int_equal(v[2], 0);
	assert_int_equal(text_keyed(recorded("net-snmp6-6.18"), six, 5, v), 31);
	assert_int_equal(v[0], 1);
	assert_int_equal(v[1], 10);
	assert_int_equal(v[2], 128);
	assert_int_equal(v[3], 880);
	assert_int_equal(v[4], 0);
}

static void keyed_lines_of_cpu_stat(void **state)
{
	static const char *const v1[] = { "nr_throttled", "throttled_time" };
	static const char *const v2[] = { "nr_throttled", "throttled_usec" };
	uint64_t v[2];

	(void)state;
	assert_int_equal(text_keyed("nr_periods 40\nnr_throttled 12\nthrottled_time 3400000000\n", v1, 2, v), 3);
	assert_int_equal(v[0], 12);
	assert_int_equal(v[1], 3400000000u);
	assert_int_equal(text_keyed("usage_usec 9\nuser_usec 5\nsystem_usec 4\nnr_periods 40\nnr_throttled 12\n"
				    "throttled_usec 3400000\nnr_bursts 0\nburst_usec 0\n", v2, 2, v), 3);
	assert_int_equal(v[1], 3400000);
	/* the root and cgroups without the controller */
	assert_int_equal(text_keyed("usage_usec 9\nuser_usec 5\nsystem_usec 4\n", v2, 2, v), 0);
}

static void a_name_matches_whole_and_its_first_line_counts(void **state)
{
	static const char *const names[] = { "Rss", "Swap" };
	uint64_t v[2] = { 7, 7 };

	(void)state;
	assert_int_equal(text_keyed("RssAnon: 1 kB\nxRss: 2 kB\nSwapPss: 3 kB\n Rss: 4\n", names, 2, v), 0);
	assert_int_equal(v[0], 7);
	assert_int_equal(text_keyed("Rss: 5 kB\nRss: 6 kB\nSwap:\n8 kB\n", names, 2, v), 1);
	assert_int_equal(v[0], 5);
	assert_int_equal(text_keyed("Rss: x\nRss: 6 kB\n", names, 2, v), 0);
}

static void numbers_are_whole_or_not_found(void **state)
{
	static const struct {
		const char *text;
		bool found;
		uint64_t value;
	} rows[] = {
		{ "n 18446744073709551615\n", true, UINT64_MAX },
		{ "n 18446744073709551616\n", false, 0 },
		{ "n 99999999999999999999999999999\n", false, 0 },
		{ "n 123", false, 0 }, /* cut: may have been 1234 */
		{ "n 123 kB", true, 123 },
		{ "n -1\n", false, 0 },
		{ "n +1\n", false, 0 },
		{ "n 0x10\n", false, 0 },
		{ "n 1.5\n", false, 0 },
		{ "n\n", false, 0 },
		{ "n", false, 0 },
		{ "", false, 0 },
		{ "n\t \t00012\n", true, 12 },
	};
	static const char *const names[] = { "n" };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t v = 0;

		assert_int_equal(text_keyed(rows[i].text, names, 1, &v), rows[i].found);
		assert_true(v == rows[i].value);
	}
}

static const char *const snmp[] = { "Ip:InReceives", "Ip:OutRequests", "Udp:InDatagrams", "Udp:OutDatagrams",
	"Udp:RcvbufErrors", "Tcp:InSegs", "Tcp:OutSegs", "Tcp:RetransSegs", "Ip:OutTransmits" };

static void paired_lines_of_a_new_kernel(void **state)
{
	static const uint64_t expected[] = { 675, 452, 26, 27, 4, 648, 426, 11, 452 };
	static const char *const ext[] = { "IpExt:InOctets", "IpExt:OutOctets" };
	uint64_t v[9];

	(void)state;
	assert_int_equal(text_paired(recorded("net-snmp-6.18"), snmp, 9, v), 0x1ff);
	assert_memory_equal(v, expected, sizeof expected);
	assert_int_equal(text_paired(recorded("net-netstat-6.18"), ext, 2, v), 3);
	assert_int_equal(v[0], 27075775);
	assert_int_equal(v[1], 32405);
}

static void paired_lines_of_an_old_kernel(void **state)
{
	static const uint64_t expected[] = { UINT64_MAX, 8000000000, 10, 20, 40, 70, 80, 90 };
	uint64_t v[9];

	(void)state;
	assert_int_equal(text_paired(recorded("net-snmp-3.10"), snmp, 9, v), 0xff);
	assert_memory_equal(v, expected, sizeof expected);
}

static void paired_lines_that_do_not_fit_are_not_mixed_up(void **state)
{
	static const char *const names[] = { "A:x", "A:y", "B:x" };
	static const struct {
		const char *text;
		uint64_t found, x, y, bx;
	} rows[] = {
		{ "A: x y\nA: 1 2\nB: x\nB: 3\n", 7, 1, 2, 3 },
		{ "A: y x\nA: 1 2\n", 3, 2, 1, 0 },
		{ "A: x y\nA: 1\n", 1, 1, 0, 0 },           /* fewer values */
		{ "A: x\nA: 1 2\n", 1, 1, 0, 0 },           /* fewer names */
		{ "A: x y\nB: x\nB: 3\n", 4, 0, 0, 3 },     /* values missing */
		{ "A: x y\n", 0, 0, 0, 0 },
		{ "A: xx yy\nA: 1 2\n", 0, 0, 0, 0 },
		{ "AA: x y\nAA: 1 2\n", 0, 0, 0, 0 },
		{ "A: x y\nA: -1 2\n", 2, 0, 2, 0 },
		{ "A: x y\nA: 1 2", 1, 1, 0, 0 },           /* cut */
		{ "A:\nA:\n", 0, 0, 0, 0 },
		{ "A:", 0, 0, 0, 0 },
		{ "::\n::\n\n\n", 0, 0, 0, 0 },
		{ "no colon\nno colon\n", 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t v[3] = { 0 };

		assert_int_equal(text_paired(rows[i].text, names, 3, v), rows[i].found);
		assert_int_equal(v[0], rows[i].x);
		assert_int_equal(v[1], rows[i].y);
		assert_int_equal(v[2], rows[i].bx);
	}
}

static void devices_are_summed(void **state)
{
	struct text_devices d;

	(void)state;
	assert_true(text_devices(recorded("net-dev-6.18"), &d));
	assert_int_equal(d.rx_errors, 4); /* eth0 3, ifb1 1 */
	assert_int_equal(d.rx_drops, 7);
	assert_int_equal(d.tx_errors, 7);
	assert_int_equal(d.tx_drops, 9);
	/* 2.6 wrote no blank behind a long name's colon */
	assert_true(text_devices("eth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", &d));
	assert_int_equal(d.rx_errors, 3);
	assert_int_equal(d.tx_drops, 12);
	assert_false(text_devices("Inter-|   Receive | Transmit\n face |bytes packets\n", &d));
	assert_false(text_devices("eth0: 1 2 3\n", &d));
	assert_false(text_devices("", &d));
}

static void schedstat_has_three_numbers(void **state)
{
	struct text_schedstat s;

	(void)state;
	assert_true(text_schedstat("1015228 305920 2\n", &s));
	assert_int_equal(s.run, 1015228);
	assert_int_equal(s.runqueue, 305920);
	assert_int_equal(s.timeslices, 2);
	assert_true(text_schedstat("0 0 0\n", &s)); /* without CONFIG_SCHED_INFO */
	assert_false(text_schedstat("1 2\n", &s));
	assert_false(text_schedstat("1 2 3", &s));
	assert_false(text_schedstat("", &s));
	assert_false(text_schedstat("a b c\n", &s));
}

static void pressure_has_some_and_perhaps_full(void **state)
{
	struct text_pressure p;

	(void)state;
	assert_true(text_pressure("some avg10=0.00 avg60=0.05 avg300=0.05 total=5601247\n"
				  "full avg10=0.00 avg60=0.02 avg300=0.02 total=5313376\n", &p));
	assert_int_equal(p.some, 5601247);
	assert_true(p.has_full);
	assert_int_equal(p.full, 5313376);
	assert_true(text_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n", &p)); /* cpu before 5.13 */
	assert_int_equal(p.some, 12);
	assert_false(p.has_full);
	assert_false(text_pressure("some avg10=0.00\nfull total=7\n", &p));
	assert_false(text_pressure("full avg10=0.00 total=7\n", &p));
	assert_false(text_pressure("some total=7", &p));
	assert_false(text_pressure("", &p));
}

static void limits(void **state)
{
	uint64_t v;
	double cpus;

	(void)state;
	assert_true(text_limit("max\n", &v));
	assert_true(v == UINT64_MAX);
	assert_true(text_limit("-1\n", &v));
	assert_true(v == UINT64_MAX);
	assert_true(text_limit("9223372036854771712\n", &v));
	assert_true(v == 9223372036854771712u);
	assert_false(text_limit("\n", &v));
	assert_false(text_limit("many\n", &v));
	assert_true(text_cpu_max("150000 100000\n", &cpus));
	assert_true(cpus > 1.4999 && cpus < 1.5001);
	assert_true(text_cpu_max("max 100000\n", &cpus));
	assert_true(isinf(cpus));
	assert_false(text_cpu_max("100000 0\n", &cpus));
	assert_false(text_cpu_max("100000", &cpus));
	assert_false(text_cpu_max("", &cpus));
}

/* Every text cut at every length and with every byte overwritten: nothing but "not found" may come of it. */
static void no_text_is_read_beyond_its_end(void **state)
{
	static const char *const files[] = { "status-6.18", "net-snmp-6.18", "net-dev-6.18", "smaps-rollup-6.18" };
	static const char *const keys[] = { "VmRSS", "Pss", "nonvoluntary_ctxt_switches" };
	uint64_t v[9];
	struct text_devices d;
	struct text_pressure p;

	(void)state;
	for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
		char *text = recorded(files[f]);
		size_t length = strlen(text);

		for (size_t cut = 0; cut <= length; cut++) {
			char *copy = malloc(cut + 1); /* an exact fit, for the address sanitizer */

			memcpy(copy, text, cut);
			copy[cut] = '\0';
			text_keyed(copy, keys, 3, v);
			text_paired(copy, snmp, 9, v);
			text_devices(copy, &d);
			text_pressure(copy, &p);
			if (cut)
				copy[cut - 1] = (char)(cut * 7);
			text_keyed(copy, keys, 3, v);
			text_paired(copy, snmp, 9, v);
			text_devices(copy, &d);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keyed_lines_of_status),
		cmocka_unit_test(keyed_lines_of_io_rollup_and_snmp6),
		cmocka_unit_test(keyed_lines_of_cpu_stat),
		cmocka_unit_test(a_name_matches_whole_and_its_first_line_counts),
		cmocka_unit_test(numbers_are_whole_or_not_found),
		cmocka_unit_test(paired_lines_of_a_new_kernel),
		cmocka_unit_test(paired_lines_of_an_old_kernel),
		cmocka_unit_test(paired_lines_that_do_not_fit_are_not_mixed_up),
		cmocka_unit_test(devices_are_summed),
		cmocka_unit_test(schedstat_has_three_numbers),
		cmocka_unit_test(pressure_has_some_and_perhaps_full),
		cmocka_unit_test(limits),
		cmocka_unit_test(no_text_is_read_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
