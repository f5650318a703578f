/* The signals that end a run without a screen, as a descriptor. */
#ifndef TACH_CMD_SIGNALS_H
#define TACH_CMD_SIGNALS_H

/* Blocks SIGINT, SIGTERM and SIGHUP, but for those that the caller ignores (nohup), and returns a descriptor for them,
 * -1 with errno set. To be called before any thread is there, which inherits it. */
int signals_open(void);

int signals_take(int fd); /* the one that has come, 0: none. Never blocks */

#endif
