/* The ring of records that programs write to (stacks, slow waits): read at the tick, given to who knows them. */
#ifndef TACH_SOURCE_BPF_RECORDS_H
#define TACH_SOURCE_BPF_RECORDS_H

#include "source/bpf/group.h"

struct records;

/* A record, valid during the call. */
typedef void record_taker(struct bpf_room *r, const void *record, size_t size);

struct records *records_open(struct bpf_room *r, int map, struct err *e);
void records_close(struct records *rec); /* NULL is fine */
void records_handle(struct records *rec, enum record_type type, record_taker *taker);
void records_read(struct records *rec);

#endif
