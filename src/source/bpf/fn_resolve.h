/* What a word of --fn means in one file: places for probes, and what may be done there without harm. */
#ifndef TACH_SOURCE_BPF_FN_RESOLVE_H
#define TACH_SOURCE_BPF_FN_RESOLVE_H

#include "source/bpf/fn_entry.h"
#include "source/bpf/fn_file.h"
#include "source/bpf/fn_spec.h"

struct fn_match {
	char name[FN_TEXT];          /* clean, demangled */
	uint64_t offset, semaphore;  /* in the file; of the probe, which may stand behind the function's start */
	const struct fn_entry *entry;
	bool past_landing_pad;
	const char *untimed;         /* why only entries may be counted, a static text; NULL: its time too */
};

/* Fills at most `most` places, the same name several times where a static probe has several or a C++ function several
 * forms. Returns how many, and in *left_out how many more there were. For 0 the sentence why is in e. `shown` is the
 * file's name for that. */
size_t fn_resolve(const struct fn_file *f, const char *shown, const struct fn_spec *s, struct fn_match *out, size_t most,
	size_t *left_out, struct err *e);

#endif
