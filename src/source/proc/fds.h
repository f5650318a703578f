/* How many file descriptors the target's processes have open. */
#ifndef TACH_SOURCE_PROC_FDS_H
#define TACH_SOURCE_PROC_FDS_H

#include "source/proc/metrics.h"

/* Whether stat() of /proc/PID/fd tells how many entries it has (Linux 6.2); else they are counted one by one. */
bool fds_have_size(void);

void fds_read(const struct proc_tick *t, bool have_size);

#endif
