/*
 * Names for addresses of a running program: functions, variables, regions of memory; source lines; and stacks unwound
 * from a copy. All that is read belongs to the target and is hostile: files are opened through the target's own root and
 * only where they are the very files that are mapped, texts are bounded and cleaned, nothing of the target is stopped.
 *
 * Nothing here is thread-safe, and every call may read files: call it from one thread that may wait. symbol/worker.h is
 * such a thread, and the way for sources and screens.
 */
#ifndef TACH_SYMBOL_SYMBOL_H
#define TACH_SYMBOL_SYMBOL_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What is kept of files (symbol indices, unwind tables), for all processes together; the least used goes first. */
struct symbol_cache;

#define SYMBOL_CACHE_BYTES (32u << 20) /* a good limit: the tables of a large compiler */

struct symbol_cache *symbol_cache_new(size_t limit);
void symbol_cache_free(struct symbol_cache *c);        /* after its processes have been closed; NULL is fine */
size_t symbol_cache_bytes(const struct symbol_cache *c);
void symbol_cache_rest(struct symbol_cache *c);        /* nothing to do for now: lets go of what is over a quarter of it */

/* One process. proc_dirfd is a descriptor of /proc/PID (O_PATH will do) and stays the caller's: a copy is kept. Its maps
 * are read at the first question, again when an address lies outside them (at most five times a second), when they are ten
 * seconds old, and when they have been called stale. They stay as they were when the process has ended. */
struct symbols;

struct symbols *symbols_open(struct symbol_cache *c, pid_t pid, int proc_dirfd);
void symbols_close(struct symbols *s); /* NULL is fine */
size_t symbols_bytes(const struct symbols *s); /* kept of its maps and of its perf map */
void symbols_stale(struct symbols *s); /* it has called exec, or loads and unloads libraries */

#define SYMBOL_TEXT 128
#define SYMBOL_MODULE_TEXT 64

enum symbol_kind {
	SYMBOL_UNKNOWN,  /* not mapped, or the maps cannot be read */
	SYMBOL_FUNCTION, /* name, offset from its start */
	SYMBOL_OBJECT,   /* a variable: name, offset from its start */
	SYMBOL_MODULE,   /* only the module is known; offset: the address as the file has it, as addr2line takes it */
	SYMBOL_REGION,   /* memory without a file: name "[heap]", "[stack]", "[anon:NAME]", offset from its start; without a
	                  * name it is "" */
};

struct symbol_name {
	enum symbol_kind kind;
	char name[SYMBOL_TEXT];          /* demangled, clean, cut */
	char module[SYMBOL_MODULE_TEXT]; /* the file's name without its directories; "" outside of files */
	uint64_t address, offset;
	const char *why;                 /* a static text: why there is no name. NULL where there is one */
};

/* Always fills *out. Of a return address ask for the byte before it: a call can be the last instruction. */
void symbols_name(struct symbols *s, uint64_t address, struct symbol_name *out);

/* "ct_lookup+0x1c", "conn_tbl", "libfoo.so+0x2041c0", "[heap]+0x40", "[stack]", "0x7f3a91c8". Returns buf. */
char *symbol_name_text(char *buf, size_t size, const struct symbol_name *name);

struct symbol_line {
	char file[SYMBOL_TEXT]; /* as the compiler was given it, clean; a long one keeps its end */
	unsigned line;          /* from 1 */
};

/* From the debug information. Returns 0, or -1 with a sentence. */
int symbols_line(struct symbols *s, uint64_t address, struct symbol_line *out, struct err *e);

/* "fwd.c:212". Returns buf. */
char *symbol_line_text(char *buf, size_t size, const struct symbol_line *line);

/* The registers of a thread as the kernel keeps them, word by word: struct pt_regs of <asm/ptrace.h> on x86-64 (21
 * words), struct user_pt_regs on arm64 (34). */
struct symbol_regs {
	uint64_t word[34];
};

struct symbol_unwound {
	size_t count;             /* frames found */
	size_t by_frame_pointer;  /* callers that were found by frame pointer, for want of unwind data */
	bool whole;               /* down to where the thread began */
	char why[160];            /* a sentence: why the rest is lost. "" when whole */
};

/* The frames of a thread whose registers and stack (size bytes from address `base` on) were copied, innermost first: into
 * pcs the address that it stood at, then for each caller one inside its call instruction, so that symbols_name() and
 * symbols_line() may take them as they are. */
void symbols_unwind(struct symbols *s, const struct symbol_regs *regs, const uint8_t *stack, size_t size, uint64_t base,
	uint64_t *pcs, size_t max, struct symbol_unwound *out);

#endif
