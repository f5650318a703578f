/* The texts of /proc and the cgroup tree as numbers. Knows nothing of files, targets and samples. */
#include "source/proc/text.h"

#include <math.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static const char *next_line(const char *at)
{
	at += strcspn(at, "\n");
	return *at ? at + 1 : at;
}

/* Reads blanks and a decimal number that something ends; returns where it ends, or NULL. */
static const char *read_number(const char *at, uint64_t *out)
{
	uint64_t v = 0;
	const char *first = at = skip_blanks(at);

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) || __builtin_add_overflow(v, (uint64_t)(*at - '0'), &v))
			return NULL;
	if (at == first || (*at != ' ' && *at != '\t' && *at != '\n'))
		return NULL;
	*out = v;
	return at;
}

/* Where the name ends on this line, or NULL when the line has another one. */
static const char *match_key(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(line, name, n) != 0)
		return NULL;
	line += n;
	return *line == ':' || *line == ' ' || *line == '\t' ? line + (*line == ':') : NULL;
}

uint64_t text_keyed(const char *text, const char *const names[], size_t n, uint64_t values[])
{
	uint64_t found = 0, all = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX, seen = 0;

	for (; *text && seen != all; text = next_line(text))
		for (size_t i = 0; i < n; i++) {
			const char *at = seen >> i & 1 ? NULL : match_key(text, names[i]);

			if (!at)
				continue;
			seen |= UINT64_C(1) << i;
			if (read_number(at, &values[i]))
				found |= UINT64_C(1) << i;
			break;
		}
	return found;
}

/* Which of the names stands at `name` in the group of length ngroup; n when none. */
static size_t find_paired(const char *group, size_t ngroup, const char *name, size_t nname, const char *const names[],
	size_t n)
{
	size_t i = 0;

	while (i < n && !(strncmp(names[i], group, ngroup) == 0 && strncmp(names[i] + ngroup, name, nname) == 0 &&
				names[i][ngroup + nname] == '\0'))
		i++;
	return i;
}

/* Walks a line of names and its line of values side by side; both stand behind "GROUP:". */
static uint64_t read_pair(const char *group, size_t ngroup, const char *values_line, const char *const names[],
	size_t n, uint64_t values[])
{
	const char *name = group + ngroup, *at = values_line + ngroup;
	uint64_t found = 0;

	for (;;) {
		size_t nname, nvalue, i;

		name = skip_blanks(name);
		at = skip_blanks(at);
		nname = strcspn(name, " \t\n");
		nvalue = strcspn(at, " \t\n");
		if (!nname || !nvalue)
			return found;
		i = find_paired(group, ngroup, name, nname, names, n);
		if (i < n && read_number(at, &values[i]))
			found |= UINT64_C(1) << i;
		name += nname;
		at += nvalue;
	}
}

uint64_t text_paired(const char *text, const char *const names[], size_t n, uint64_t values[])
{
	uint64_t found = 0;

	while (*text) {
		const char *second = next_line(text);
		size_t ngroup = strcspn(text, ":\n") + 1;

		if (text[ngroup - 1] == ':' && strncmp(text, second, ngroup) == 0) {
			found |= read_pair(text, ngroup, second, names, n, values);
			second = next_line(second);
		}
		text = second;
	}
	return found;
}

bool text_schedstat(const char *text, struct text_schedstat *out)
{
	return (text = read_number(text, &out->run)) && (text = read_number(text, &out->runqueue)) &&
		read_number(text, &out->timeslices);
}

/* rx: bytes packets errs drop fifo frame compressed multicast; tx: bytes packets errs drop ... */
static bool read_device(const char *at, struct text_devices *sum)
{
	uint64_t v[12];

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
		if (!(at = read_number(at, &v[i])))
			return false;
	sum->rx_errors += v[2];
	sum->rx_drops += v[3];
	sum->tx_errors += v[10];
	sum->tx_drops += v[11];
	return true;
}

bool text_devices(const char *text, struct text_devices *out)
{
	bool any = false;

	*out = (struct text_devices){ 0 };
	for (; *text; text = next_line(text)) {
		size_t name = strcspn(text, ":\n");

		any |= text[name] == ':' && read_device(text + name + 1, out);
	}
	return any;
}

static bool read_stall(const char *line, const char *word, uint64_t *out)
{
	const char *at = strstr(line, " total="), *end = next_line(line);

	return strncmp(line, word, 5) == 0 && at && at < end && read_number(at + 7, out);
}

bool text_pressure(const char *text, struct text_pressure *out)
{
	*out = (struct text_pressure){ 0 };
	if (!read_stall(text, "some ", &out->some))
		return false;
	out->has_full = read_stall(next_line(text), "full ", &out->full);
	return true;
}

bool text_limit(const char *text, uint64_t *out)
{
	if (strncmp(text, "max", 3) == 0 || strncmp(text, "-1", 2) == 0) {
		*out = UINT64_MAX;
		return true;
	}
	return read_number(text, out);
}

bool text_cpu_max(const char *text, double *out)
{
	uint64_t quota, period;

	if (strncmp(text, "max ", 4) == 0) {
		*out = (double)INFINITY;
		return true;
	}
	if (!(text = read_number(text, &quota)) || !read_number(text, &period) || !period)
		return false;
	*out = (double)quota / (double)period;
	return true;
}
