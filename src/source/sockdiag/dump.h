/*
 * Asking the kernel for all TCP and UDP sockets of one network namespace, over a netlink socket that was opened in it.
 * An answer comes in pieces, and the kernel remembers where it stopped: a long one goes on from tick to tick. TCP sockets
 * that end say a last word, with all that they ever moved.
 */
#ifndef TACH_SOURCE_SOCKDIAG_DUMP_H
#define TACH_SOURCE_SOCKDIAG_DUMP_H

#include "base/clock.h"
#include "base/err.h"
#include "source/sockdiag/message.h"

struct dump {
	int fd, endings;        /* netlink sockets; endings is -1 where it cannot be had */
	unsigned pass;          /* the question that is being answered, or is next */
	bool asked;             /* it has been asked */
	uint32_t sequence;
	bool by_family;         /* the kernel does not answer for both families at once */
	bool no_udp;            /* nor for UDP */
	nsec_t deaf_until;      /* so many ended that their last words cost too much: not listening; 0: listening */
};

/* out is the reader's to change. */
typedef void dump_visit(void *context, struct seen *out);

enum dump_progress { DUMP_MORE, DUMP_COMPLETE, DUMP_FAILED };

/* In the network namespace of the calling thread. Returns 0, or -1 with a sentence. */
int dump_open(struct dump *d, struct err *e);
void dump_close(struct dump *d);

/* Goes on with the dump, or begins one, until the thread's CPU clock says `until`; a piece (some 70 sockets) at least. After
 * a failure the next call begins anew. */
enum dump_progress dump_go(struct dump *d, nsec_t until, dump_visit *visit, void *context, struct err *e);

/* Those that ended since the last call. False: some of them were lost. */
bool dump_hear(struct dump *d, dump_visit *visit, void *context);

#endif
