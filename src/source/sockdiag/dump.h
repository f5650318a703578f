/*
 * Asking the kernel for all sockets of one network namespace. An answer comes in pieces, and the kernel remembers where it
 * stopped: a long one goes on from tick to tick.
 */
#ifndef TACH_SOURCE_SOCKDIAG_DUMP_H
#define TACH_SOURCE_SOCKDIAG_DUMP_H

#include "base/clock.h"
#include "base/err.h"
#include "source/sockdiag/message.h"

enum dump_kind {
	DUMP_CONNECTIONS, /* of TCP. The kernel walks through its whole table for it, which takes long on a large machine */
	DUMP_OTHERS       /* TCP sockets that listen, and all UDP sockets: quick */
};

struct dump {
	int fd;
	enum dump_kind kind;
	unsigned pass;      /* the question that is being answered, or is next */
	bool asked;         /* it has been asked */
	uint32_t sequence;
	bool by_family;     /* the kernel does not answer for both families at once */
	bool no_udp;        /* nor for UDP */
};

/* out is the reader's to change. */
typedef void dump_visit(void *context, struct seen *out);

enum dump_progress { DUMP_MORE, DUMP_COMPLETE, DUMP_FAILED };

/* In the network namespace of the calling thread. Returns 0, or -1 with a sentence. */
int dump_open(struct dump *d, enum dump_kind kind, struct err *e);
void dump_close(struct dump *d);

/* Goes on with a dump, or begins one, until the thread's CPU clock says `until` and `least` sockets have been visited. After
 * a failure the next call begins anew. */
enum dump_progress dump_go(struct dump *d, nsec_t until, size_t least, dump_visit *visit, void *context, struct err *e);

#endif
