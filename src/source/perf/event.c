/* Names of events: the kernel's generic ones and raw numbers here, all others by libpfm4. Opens nothing. */
#include "source/perf/event.h"

#include "base/str.h"
#include "source/perf/perf.h"
#include "source/perf/pfm.h"

#include <ctype.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct generic {
	const char *name;
	uint32_t type;
	uint64_t config;
};

#define HARDWARE(name, event) { name, PERF_TYPE_HARDWARE, PERF_COUNT_HW_##event }
#define SOFTWARE(name, event) { name, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##event }
#define CACHE(cache, op, result) PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_##cache | \
	PERF_COUNT_HW_CACHE_OP_##op << 8 | PERF_COUNT_HW_CACHE_RESULT_##result << 16
#define CACHE_NAMES(name, cache) \
	{ name "-loads", CACHE(cache, READ, ACCESS) }, { name "-load-misses", CACHE(cache, READ, MISS) }, \
	{ name "-stores", CACHE(cache, WRITE, ACCESS) }, { name "-store-misses", CACHE(cache, WRITE, MISS) }, \
	{ name "-prefetches", CACHE(cache, PREFETCH, ACCESS) }, \
	{ name "-prefetch-misses", CACHE(cache, PREFETCH, MISS) }

/* As perf(1) spells them. */
static const struct generic generics[] = {
	HARDWARE("cycles", CPU_CYCLES),
	HARDWARE("cpu-cycles", CPU_CYCLES),
	HARDWARE("instructions", INSTRUCTIONS),
	HARDWARE("cache-references", CACHE_REFERENCES),
	HARDWARE("cache-misses", CACHE_MISSES),
	HARDWARE("branches", BRANCH_INSTRUCTIONS),
	HARDWARE("branch-instructions", BRANCH_INSTRUCTIONS),
	HARDWARE("branch-misses", BRANCH_MISSES),
	HARDWARE("bus-cycles", BUS_CYCLES),
	HARDWARE("ref-cycles", REF_CPU_CYCLES),
	HARDWARE("stalled-cycles-frontend", STALLED_CYCLES_FRONTEND),
	HARDWARE("stalled-cycles-backend", STALLED_CYCLES_BACKEND),
	CACHE_NAMES("L1-dcache", L1D),
	CACHE_NAMES("L1-icache", L1I),
	CACHE_NAMES("LLC", LL),
	CACHE_NAMES("dTLB", DTLB),
	CACHE_NAMES("iTLB", ITLB),
	CACHE_NAMES("branch", BPU),
	CACHE_NAMES("node", NODE),
	SOFTWARE("cpu-clock", CPU_CLOCK),
	SOFTWARE("task-clock", TASK_CLOCK),
	SOFTWARE("page-faults", PAGE_FAULTS),
	SOFTWARE("faults", PAGE_FAULTS),
	SOFTWARE("minor-faults", PAGE_FAULTS_MIN),
	SOFTWARE("major-faults", PAGE_FAULTS_MAJ),
	SOFTWARE("context-switches", CONTEXT_SWITCHES),
	SOFTWARE("cs", CONTEXT_SWITCHES),
	SOFTWARE("cpu-migrations", CPU_MIGRATIONS),
	SOFTWARE("migrations", CPU_MIGRATIONS),
	SOFTWARE("alignment-faults", ALIGNMENT_FAULTS),
	SOFTWARE("emulation-faults", EMULATION_FAULTS),
};

#define GENERICS (sizeof generics / sizeof generics[0])

static bool find_generic(const char *word, struct perf_code *out)
{
	for (size_t i = 0; i < GENERICS; i++) {
		if (strcasecmp(generics[i].name, word) != 0)
			continue;
		*out = (struct perf_code){ .type = generics[i].type, .config = generics[i].config };
		return true;
	}
	return false;
}

static const char *nearest_generic(const char *word)
{
	const char *names[GENERICS];

	for (size_t i = 0; i < GENERICS; i++)
		names[i] = generics[i].name;
	return str_nearest(word, names, GENERICS);
}

/* "r" and up to 16 hexadecimal digits. */
static bool parse_raw(const char *word, struct perf_code *out)
{
	size_t digits = strlen(word + 1);

	if (word[0] != 'r' || digits < 1 || digits > 16 || strspn(word + 1, "0123456789abcdefABCDEF") != digits)
		return false;
	*out = (struct perf_code){ .type = PERF_TYPE_RAW, .config = strtoull(word + 1, NULL, 16) };
	return true;
}

/* ":u", ":k", ":uk" or ":u:k" after a generic or raw name. */
static int parse_halves(const char *name, const char *at, struct perf_code *code, struct err *e)
{
	bool user = false, kernel = false;

	if (!*at)
		return 0;
	for (; *at; at++) {
		user |= *at == 'u';
		kernel |= *at == 'k';
		if (!strchr(":uk", *at) || (*at == ':' && (at[1] == ':' || !at[1])))
			return err_set(e, 0, "\"%s\": only :u (user part) and :k (kernel part) may follow it", name);
	}
	code->exclude_user = kernel && !user;
	code->exclude_kernel = user && !kernel;
	return 0;
}

static int parse_clean(const char *name, struct perf_code *out, struct err *e)
{
	size_t length = strcspn(name, ":");
	const char *nearest;
	char word[64];

	str_copy(word, sizeof word, name);
	if (length < sizeof word)
		word[length] = '\0';
	if (strncmp(name + length, "::", 2) != 0) {
		if (find_generic(word, out) || parse_raw(word, out))
			return parse_halves(name, name + length, out, e);
		nearest = nearest_generic(word);
	} else
		nearest = NULL;
	if (perf_pfm_parse(name, out, e) == 0)
		return 0;
	return nearest ? err_set(e, 0, "there is no event \"%s\"; did you mean %s?", name, nearest) : -1;
}

int perf_code_parse(const char *name, struct perf_code *out, struct err *e)
{
	char clean[120];

	str_clean(clean, sizeof clean, name, strlen(name));
	if (!clean[0])
		return err_set(e, 0, "-e needs the name of an event");
	if (strlen(name) >= sizeof clean)
		return err_set(e, 0, "the name of an event has at most %zu characters", sizeof clean - 1);
	if (parse_clean(clean, out, e))
		return -1;
	if (out->exclude_kernel && !perf_code_has_user_part(out))
		return err_set(e, 0, "\"%s\" would always be 0: it happens in the kernel part; leave out :u", clean);
	return 0;
}

int perf_event_check(const char *name, struct err *e)
{
	struct perf_code code;

	return perf_code_parse(name, &code, e);
}

bool perf_code_is_software(const struct perf_code *code)
{
	return code->type == PERF_TYPE_SOFTWARE || code->type == PERF_TYPE_TRACEPOINT;
}

bool perf_code_has_user_part(const struct perf_code *code)
{
	if (code->type == PERF_TYPE_TRACEPOINT)
		return false;
	return code->type != PERF_TYPE_SOFTWARE || (code->config != PERF_COUNT_SW_CONTEXT_SWITCHES &&
		code->config != PERF_COUNT_SW_CPU_MIGRATIONS && code->config != PERF_COUNT_SW_CGROUP_SWITCHES);
}

void perf_metric_name(const char *event, char out[PERF_METRIC_NAME])
{
	static const char prefix[] = "event.";
	size_t n = sizeof prefix - 1;

	memcpy(out, prefix, n);
	for (; *event && n + 1 < PERF_METRIC_NAME; event++) {
		unsigned char c = (unsigned char)*event;

		if ((isascii(c) && isalnum(c)) || c == '.')
			out[n++] = (char)tolower(c);
		else if (out[n - 1] != '_')
			out[n++] = '_';
	}
	out[n] = '\0';
}
