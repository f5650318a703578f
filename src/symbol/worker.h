/*
 * Names, lines and stacks without waiting: one thread that reads what they need, and a bounded queue. A caller asks, goes
 * on, and takes the answer at a later tick by the key it asked with. All calls are thread-safe, and none waits for a
 * file; what does not fit is not taken, and counted. The thread takes a tenth of a CPU at most, and has no more rights than
 * reading takes.
 */
#ifndef TACH_SYMBOL_WORKER_H
#define TACH_SYMBOL_WORKER_H

#include "symbol/symbol.h"

#define SYMBOL_WAITING 512u            /* questions that wait at most */
#define SYMBOL_WAITING_BYTES (1u << 20) /* ... and copies of stacks with them */
#define SYMBOL_DONE 512u               /* answers that are kept; then the oldest goes, and may be asked for again */
#define SYMBOL_DONE_BYTES (1u << 20)   /* ... or as soon as they take more than that */
#define SYMBOL_FRAMES 64u              /* frames of an answer */
#define SYMBOL_STACK_BYTES 65536u      /* of one copy; what is beyond is left out */

struct symbol_worker;

/* Starts the thread. NULL: a sentence in e. */
struct symbol_worker *symbol_worker_start(struct err *e);

/* Returns within a second, also when the thread hangs in a read. NULL is fine. */
void symbol_worker_stop(struct symbol_worker *w);

/* Processes are known by pid, as tach sees it. proc_dirfd (of /proc/PID) stays the caller's; a copy of it is held, so tell
 * only of processes that are asked about. To say it again of one that still lives changes nothing. */
void symbol_worker_know(struct symbol_worker *w, pid_t pid, int proc_dirfd);
void symbol_worker_exec(struct symbol_worker *w, pid_t pid);   /* it called exec: all its addresses mean something else */
void symbol_worker_forget(struct symbol_worker *w, pid_t pid); /* it has ended; what was asked before is still answered */

#define SYMBOL_KERNEL 0 /* as a pid: the kernel's own addresses (names, and frames walked already). It is always known */

enum symbol_ask {
	SYMBOL_ASK_NAME,   /* id: the address */
	SYMBOL_ASK_LINE,   /* id: the address; its name comes with it */
	SYMBOL_ASK_STACK,  /* id: a number of the caller's own; no two callers may use the same */
};

struct symbol_key {
	pid_t pid;
	enum symbol_ask ask;
	uint64_t id;
};

/* Each: false where there is no room for it now. A question that waits or is answered already is not put twice. */
bool symbol_worker_ask(struct symbol_worker *w, struct symbol_key key); /* a name or a line */

/* A stack to unwind; registers and stack are copied. Its frames come with their names. */
bool symbol_worker_ask_stack(struct symbol_worker *w, struct symbol_key key, const struct symbol_regs *regs,
	const void *stack, size_t size, uint64_t base);

/* Names for a stack that was walked already (by the kernel, by frame pointer): an address of code, then return addresses. */
bool symbol_worker_ask_frames(struct symbol_worker *w, struct symbol_key key, const uint64_t *pcs, size_t count);

struct symbol_result {
	struct symbol_key key;
	bool has_line;
	struct symbol_line line;
	char why[240];                /* why there is no line */
	struct symbol_unwound unwound; /* of a stack that was unwound here */
	size_t count;
	struct symbol_name names[];   /* one; of a stack one a frame, innermost first */
};

enum symbol_state {
	SYMBOL_STATE_NONE,  /* never asked, or dropped: ask again */
	SYMBOL_STATE_WAITS,
	SYMBOL_STATE_DONE,
};

/* Done: *out is the caller's, who frees it with free(). */
enum symbol_state symbol_worker_take(struct symbol_worker *w, struct symbol_key key, struct symbol_result **out);

struct symbol_counts {
	uint64_t answered;
	uint64_t refused;  /* questions without room */
	uint64_t untaken;  /* answers that nobody took in time */
	size_t waiting, done, processes;
	size_t bytes;      /* kept of files */
	nsec_t cpu;        /* CPU time of the thread */
};

void symbol_worker_counts(struct symbol_worker *w, struct symbol_counts *out);

#endif
