/* A log file for finding out what tach did (--log FILE); never the screen. Does nothing until log_open(). */
#ifndef TACH_BASE_LOG_H
#define TACH_BASE_LOG_H

#include "base/err.h"

int log_open(const char *path, struct err *e);
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2))); /* thread-safe, adds time and newline */
void log_close(void);

#endif
