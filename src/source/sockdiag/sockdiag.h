/* What the kernel says of the target's TCP and UDP sockets, one by one; needs no privilege for one's own programs. */
#ifndef TACH_SOURCE_SOCKDIAG_SOCKDIAG_H
#define TACH_SOURCE_SOCKDIAG_SOCKDIAG_H

#include "source/source.h"

extern const struct source_ops source_sockdiag;

#endif
