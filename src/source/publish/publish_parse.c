/* Reads hostile published memory: every word once, by an atomic load, into memory of our own, and checks it there. */
#include "source/publish/publish_parse.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

static uint32_t load32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static uint64_t load64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static int check_head(const struct tach_publisher *p, size_t size, struct err *why)
{
	static const struct {
		size_t at;
		uint32_t value;
		const char *what;
	} fields[] = {
		{ offsetof(struct tach_publisher, size), sizeof(struct tach_publisher), "size" },
		{ offsetof(struct tach_publisher, writer_size), sizeof(struct tach_writer), "size of a writer" },
		{ offsetof(struct tach_publisher, names_max), TACH_PUBLISH_NAMES, "number of names" },
		{ offsetof(struct tach_publisher, histograms_max), TACH_PUBLISH_HISTOGRAMS, "number of histograms" },
		{ offsetof(struct tach_publisher, writers_max), TACH_PUBLISH_WRITERS, "number of writers" },
		{ offsetof(struct tach_publisher, bins), TACH_HIST_BINS, "number of bins" },
	};
	uint32_t version;

	if (size < offsetof(struct tach_publisher, writer_states))
		return err_set(why, 0, "it is too short to hold a head");
	if (__atomic_load_n(&p->magic, __ATOMIC_ACQUIRE) != TACH_PUBLISH_MAGIC)
		return err_set(why, 0, "it does not begin as published memory does");
	version = load32(&p->version);
	if (version != TACH_PUBLISH_VERSION)
		return err_set(why, 0, "it has layout version %u, this tach reads version %u", version,
			TACH_PUBLISH_VERSION);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (load32((const uint32_t *)(const void *)((const char *)p + fields[i].at)) != fields[i].value)
			return err_set(why, 0, "its %s is not that of version %u", fields[i].what,
				TACH_PUBLISH_VERSION);
	if (size != sizeof *p)
		return err_set(why, 0, "its size is not what it says");
	return 0;
}

/* A private copy of one definition. */
static struct tach_publish_name load_name(const struct tach_publish_name *shared)
{
	uint32_t words[sizeof *shared / sizeof(uint32_t)];
	struct tach_publish_name copy;

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		words[i] = load32((const uint32_t *)(const void *)shared + i);
	memcpy(&copy, words, sizeof copy);
	return copy;
}

/* True when the cell is one that this kind of name may have; i is the place of the name. */
static bool cell_ok(const struct tach_publish_name *n, unsigned i)
{
	if (n->kind == TACH_HISTOGRAM)
		return n->cell > 0 && n->cell < TACH_PUBLISH_HISTOGRAMS;
	return (n->kind == TACH_COUNTER || n->kind == TACH_GAUGE) && n->cell == i;
}

static int parse_name(const struct tach_publish_name *shared, unsigned i, struct publish_name *out, struct err *why)
{
	struct tach_publish_name n;

	if (out->kind || load32(&shared->state) != TACH_READY)
		return 0;
	n = load_name(shared);
	if (!memchr(n.name, '\0', sizeof n.name) || !tach_publish_name_ok(n.name))
		return err_set(why, 0, "the name of its number %u is malformed", i);
	if (!cell_ok(&n, i))
		return err_set(why, 0, "the definition of %s is malformed", n.name);
	*out = (struct publish_name){ .kind = n.kind, .cell = n.cell };
	memcpy(out->name, n.name, sizeof out->name);
	str_clean(out->unit, sizeof out->unit, n.unit, strnlen(n.unit, sizeof n.unit));
	return 0;
}

int publish_parse(const void *memory, size_t size, struct publish_view *v, struct err *why)
{
	const struct tach_publisher *p = memory;

	if (check_head(p, size, why) < 0)
		return -1;
	for (unsigned i = 1; i < TACH_PUBLISH_NAMES; i++)
		if (parse_name(&p->names[i], i, &v->names[i], why) < 0)
			return -1;
	v->nwriters = 0;
	for (unsigned i = 0; i < TACH_PUBLISH_WRITERS; i++)
		if (load32(&p->writer_states[i]) != TACH_FREE)
			v->writers[v->nwriters++] = i;
	return 0;
}

uint64_t publish_count(const void *memory, const struct publish_view *v, const struct publish_name *n)
{
	const struct tach_publisher *p = memory;
	uint64_t total = 0;

	for (size_t i = 0; i < v->nwriters; i++)
		total += load64(&p->writers[v->writers[i]].counters[n->cell]);
	return total;
}

double publish_level(const void *memory, const struct publish_name *n)
{
	const struct tach_publisher *p = memory;
	uint64_t bits = load64(&p->gauges[n->cell]);
	double level;

	memcpy(&level, &bits, sizeof level);
	return isfinite(level) ? level : (double)NAN;
}

/* Bins above the highest value are not looked at: to read a page that was never written would allocate it. */
static void add_writer(const struct tach_writer *w, unsigned cell, struct hist *add)
{
	uint64_t top = __atomic_load_n(&w->tops[cell], __ATOMIC_ACQUIRE);

	if (!top)
		return;
	if (top - 1 > add->max)
		add->max = top - 1;
	add->sum += load64(&w->sums[cell]);
	for (unsigned bin = 0; bin <= tach_hist_bin(top - 1); bin++)
		add->bins[bin] += load64(&w->bins[cell][bin]);
}

void publish_bins(const void *memory, const struct publish_view *v, const struct publish_name *n, struct hist *add)
{
	const struct tach_publisher *p = memory;

	for (size_t i = 0; i < v->nwriters; i++)
		add_writer(&p->writers[v->writers[i]], n->cell, add);
}
