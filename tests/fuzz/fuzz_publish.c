/*
 * Published memory: good memory, into which the input writes words wherever it likes (12 bytes each: where, what), the
 * first half before the memory is looked at and the other half between two looks.
 */
#include "fuzz.h"

#include "source/publish/publish_parse.h"

#include <math.h>
#include <sys/mman.h>

#define RECORD 12

static struct tach_publisher *good_memory(void)
{
	struct tach_publisher *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	p->version = TACH_PUBLISH_VERSION;
	p->size = sizeof *p;
	p->writer_size = sizeof(struct tach_writer);
	p->names_max = TACH_PUBLISH_NAMES;
	p->histograms_max = TACH_PUBLISH_HISTOGRAMS;
	p->writers_max = TACH_PUBLISH_WRITERS;
	p->bins = TACH_HIST_BINS;
	p->magic = TACH_PUBLISH_MAGIC;
	tach_add(tach_publish_writer(p, "main"), tach_publish_counter(p, "ops", "operations"), 1);
	tach_record(tach_publish_writer(p, "other"), tach_publish_histogram(p, "rtt", "seconds"), 1000);
	tach_set(p, tach_publish_gauge(p, "level", "ratio"), 0.5);
	return p;
}

static void write_words(struct tach_publisher *p, const uint8_t *data, size_t size)
{
	for (; size >= RECORD; data += RECORD, size -= RECORD) {
		uint32_t where;

		memcpy(&where, data, sizeof where);
		if (where % 4) /* most of what matters lies in the head */
			where %= sizeof *p - sizeof p->writers;
		memcpy((char *)p + where % (sizeof *p - 8), data + 4, 8);
	}
}

static void read_all(const struct tach_publisher *p, struct publish_view *v)
{
	struct hist h = { .sum = 0 };

	if (publish_parse(p, sizeof *p, v, NULL) < 0)
		return;
	for (unsigned i = 1; i < TACH_PUBLISH_NAMES; i++) {
		const struct publish_name *n = &v->names[i];

		if (n->kind && !tach_publish_name_ok(n->name))
			abort();
		if (n->kind == TACH_COUNTER)
			publish_count(p, v, n);
		else if (n->kind == TACH_HISTOGRAM)
			publish_bins(p, v, n, &h);
		else if (n->kind && isinf(publish_level(p, n)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tach_publisher *p = good_memory();
	struct publish_view v = { .nwriters = 0 };
	size_t half = size / 2 / RECORD * RECORD;

	write_words(p, data, half);
	read_all(p, &v);
	write_words(p, data + half, size - half);
	read_all(p, &v);
	munmap(p, sizeof *p);
	return 0;
}
