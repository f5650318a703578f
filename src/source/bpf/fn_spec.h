/* What --fn says: which functions are meant, and what their metrics are called. Opens nothing. */
#ifndef TACH_SOURCE_BPF_FN_SPEC_H
#define TACH_SOURCE_BPF_FN_SPEC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FN_NAME 64  /* of a function in the names of its metrics */
#define FN_TEXT 128 /* of a function or a file as it is shown */

/*
 *   SYMBOL           a function of the program, else of the first of its libraries that has it
 *   FILE:SYMBOL      of one file: "redis-server", "libssl" (any libssl.so.N), or a path as it is mapped
 *   FILE:GLOB        all that match: * ? [...]
 *   FILE:0xADDRESS   as nm and objdump print it
 *   usdt:FILE:NAME, usdt:FILE:PROVIDER:NAME   a static probe; such are counted
 * and before any but the last
 *   uprobe:          only counts it, for less; and sets a probe at an address where no function is known to begin
 *   uretprobe:       times it although exceptions may pass through it, which would end the program
 */
enum fn_kind { FN_SYMBOL, FN_GLOB, FN_ADDRESS, FN_STATIC };

struct fn_spec {
	enum fn_kind kind;
	bool count_only, insist;
	char text[FN_TEXT];     /* as it was given but for uprobe: and uretprobe:, clean */
	char file[FN_TEXT];     /* "": not said */
	char provider[FN_NAME]; /* FN_STATIC; "": any */
	char symbol[FN_TEXT];
	uint64_t address;
};

/* Returns 0, or -1 with a sentence. */
int fn_spec_parse(const char *text, struct fn_spec *out, struct err *e);

/* Whether a file that is mapped from that path is the one that the spec names. "(deleted)" may follow the path. */
bool fn_spec_names_file(const struct fn_spec *s, const char *path);

/* Whether it means a function of that name. */
bool fn_spec_names_symbol(const struct fn_spec *s, const char *name);

/* "libssl_ssl_read": small letters, digits and '_', at most FN_NAME - 1. */
void fn_spec_metric(const struct fn_spec *s, const char *symbol, char out[FN_NAME]);

#endif
