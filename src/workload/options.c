/* Options of a workload: --name VALUE, --name=VALUE; numbers with units by the type of the row. */
#include "workload/options.h"

#include "base/fmt.h"
#include "base/str.h"

#include <stdbool.h>
#include <string.h>

const struct workload_option workload_common[] = {
	[WORKLOAD_DURATION] = { .name = "duration", .argument = "TIME", .value = "0s", .type = WORKLOAD_TIME,
		.max = 1000 * 3600 * NSEC_PER_SEC, .help = "end after this time; 0s: when it is told to" },
	[WORKLOAD_PARENT] = { .name = "with-parent", .argument = "PID", .value = "0", .type = WORKLOAD_COUNT,
		.max = INT32_MAX, .help = "end when this process, its parent, ends; 0: do not care" },
	[WORKLOAD_COMMON] = { .name = NULL },
};

static int parse_bytes(const char *text, uint64_t *out, struct err *e)
{
	return str_to_u64(text, UINT64_MAX, out) ? 0 : parse_size(text, out, e);
}

static int parse_value(const struct workload_option *o, const char *text, uint64_t *out, struct err *e)
{
	static int (*const parse[WORKLOAD_TYPES])(const char *, uint64_t *, struct err *) = {
		[WORKLOAD_COUNT] = parse_count, [WORKLOAD_SIZE] = parse_bytes, [WORKLOAD_TIME] = parse_duration };
	struct err why;

	if (parse[o->type](text, out, &why) < 0)
		return err_set(e, 0, "--%s %s: %.160s", o->name, o->argument, why.text);
	if (*out < o->min || *out > o->max)
		return err_set(e, 0, "--%s must lie between %llu and %llu", o->name, (unsigned long long)o->min,
			(unsigned long long)o->max);
	return 0;
}

/* Where a word of the command line goes: the row that it names, and the place of that row's value. */
struct place {
	const struct workload_option *row;
	uint64_t *value;
};

static struct place find(const struct workload_ops *w, const char *name, size_t length, uint64_t *own, uint64_t *common)
{
	for (size_t i = 0; i < w->noptions; i++)
		if (strncmp(w->options[i].name, name, length) == 0 && !w->options[i].name[length])
			return (struct place){ &w->options[i], &own[i] };
	for (size_t i = 0; i < WORKLOAD_COMMON; i++)
		if (strncmp(workload_common[i].name, name, length) == 0 && !workload_common[i].name[length])
			return (struct place){ &workload_common[i], &common[i] };
	return (struct place){ NULL, NULL };
}

static int unknown(const struct workload_ops *w, const char *word, struct err *e)
{
	char spelling[WORKLOAD_OPTIONS_MAX + WORKLOAD_COMMON][40], clean[40];
	const char *names[WORKLOAD_OPTIONS_MAX + WORKLOAD_COMMON];
	size_t n = 0;

	for (size_t i = 0; i < w->noptions + WORKLOAD_COMMON; i++) {
		const struct workload_option *o = i < w->noptions ? &w->options[i] : &workload_common[i - w->noptions];

		snprintf(spelling[n], sizeof spelling[n], "--%s", o->name);
		names[n] = spelling[n];
		n++;
	}
	str_clean(clean, sizeof clean, word, strlen(word));
	return err_unknown(e, "option", clean, str_nearest(clean, names, n));
}

/* Takes the option at argv[*at] and its value. */
static int take(const struct workload_ops *w, int argc, char **argv, int *at, uint64_t *own, uint64_t *common,
	struct err *e)
{
	const char *word = argv[*at], *name = word + 2;
	struct place place = { NULL, NULL };
	size_t length;

	if (str_starts(word, "--")) {
		length = strcspn(name, "=");
		place = find(w, name, length, own, common);
	}
	if (!place.row)
		return unknown(w, word, e);
	if (name[length] == '=')
		return parse_value(place.row, name + length + 1, place.value, e);
	if (++*at == argc)
		return err_set(e, 0, "--%s needs a value: %s", place.row->name, place.row->argument);
	return parse_value(place.row, argv[*at], place.value, e);
}

static int defaults(const struct workload_option *rows, size_t n, uint64_t *values, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (parse_value(&rows[i], rows[i].value, &values[i], e) < 0)
			return -1;
	return 0;
}

int workload_options(const struct workload_ops *w, int argc, char **argv, uint64_t own[WORKLOAD_OPTIONS_MAX],
	uint64_t common[WORKLOAD_COMMON], struct err *e)
{
	if (defaults(w->options, w->noptions, own, e) < 0 || defaults(workload_common, WORKLOAD_COMMON, common, e) < 0)
		return -1;
	for (int i = 0; i < argc; i++)
		if (take(w, argc, argv, &i, own, common, e) < 0)
			return -1;
	return 0;
}
