/*
 * /tmp/perf-PID.map: where a program that makes machine code at run time says what it made: "START SIZE name", numbers in
 * hex, a line each, appended as it goes (linux: tools/perf/Documentation/jit-interface.txt). Anybody's program writes
 * it, so it is bounded: names stay in the file, and what is too much is left out.
 */
#ifndef TACH_SYMBOL_PERFMAP_H
#define TACH_SYMBOL_PERFMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PERFMAP_MOST 131072u      /* functions kept, 24 bytes each */
#define PERFMAP_TEXT (64u << 20)  /* bytes of the file that are read */
#define PERFMAP_LINE 4096u        /* a longer line is none */

struct perfmap_entry {
	uint64_t start, name;         /* name: its place in the file; of two functions at one place the later is the newer */
	uint32_t size, length;        /* length of the name */
};

struct perfmap {
	int fd;                       /* -1: none; owned */
	uint64_t inode, read;         /* bytes taken so far */
	struct perfmap_entry *list;   /* by start, once sorted */
	size_t count, capacity;
	bool sorted, skipping;        /* skipping: in the midst of a line that is too long */
	bool cut;                     /* there is more than is kept */
};

void perfmap_init(struct perfmap *p);
void perfmap_free(struct perfmap *p); /* leaves it as init does */

/* Takes the whole lines of text, which stands at `offset` in the file. Returns the bytes taken. */
size_t perfmap_feed(struct perfmap *p, const char *text, size_t length, uint64_t offset);

/* Takes what was appended to the file behind fd, which becomes p's; another file begins anew. */
void perfmap_read(struct perfmap *p, int fd);

/* Into name (raw, NUL-ended, cut) the newest function that covers the address. */
bool perfmap_find(struct perfmap *p, uint64_t address, char *name, size_t size, uint64_t *offset);

#endif
