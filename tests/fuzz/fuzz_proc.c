/* Any bytes as every text that the proc source reads: a number is whole and found, or not found. */
#include "fuzz.h"

#include "source/proc/text.h"

#define NAMES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[NAMES] = { "VmRSS", "RssAnon", "voluntary_ctxt_switches", "read_bytes", "Pss",
		"nr_throttled", "Ip6InReceives", "n" };
	static const char *const pairs[NAMES] = { "Ip:InReceives", "Ip:OutRequests", "Udp:InDatagrams", "Tcp:RetransSegs",
		"IpExt:InOctets", "A:x", "A:y", ":" };
	char *text = fuzz_text(data, size);
	uint64_t v[NAMES], limit;
	struct text_schedstat sched;
	struct text_devices devices;
	struct text_pressure pressure;
	double cpus;

	if (text_keyed(text, keys, NAMES, v) >> NAMES || text_paired(text, pairs, NAMES, v) >> NAMES)
		abort();
	text_schedstat(text, &sched);
	text_devices(text, &devices);
	text_pressure(text, &pressure);
	text_limit(text, &limit);
	if (text_cpu_max(text, &cpus) && !(cpus >= 0))
		abort();
	free(text);
	return 0;
}
