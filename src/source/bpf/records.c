/* Draining the ring; libbpf knows its layout. */
#include "source/bpf/records.h"

#include "base/alloc.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct records {
	struct bpf_room *room;
	struct ring_buffer *ring;
	record_taker *takers[RECORD_TYPES];
};

static int take(void *context, void *data, size_t size)
{
	struct records *rec = context;
	u32 type = size < sizeof type ? RECORD_TYPES : *(u32 *)data;

	if (type < RECORD_TYPES && rec->takers[type])
		rec->takers[type](rec->room, data, size);
	return 0;
}

struct records *records_open(struct bpf_room *r, int map, struct err *e)
{
	struct records *rec = xcalloc(1, sizeof *rec);

	rec->room = r;
	rec->ring = ring_buffer__new(map, take, rec, NULL);
	if (!rec->ring) {
		err_set(e, errno, "the ring of records cannot be mapped: %s", strerror(errno));
		free(rec);
		return NULL;
	}
	return rec;
}

void records_close(struct records *rec)
{
	if (!rec)
		return;
	ring_buffer__free(rec->ring);
	free(rec);
}

void records_handle(struct records *rec, enum record_type type, record_taker *taker)
{
	rec->takers[type] = taker;
}

void records_read(struct records *rec)
{
	ring_buffer__consume(rec->ring);
}
