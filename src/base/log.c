/* The log file. One of the three places with mutable statics. */
#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static FILE *log_file;

int log_open(const char *path, struct err *e)
{
	log_file = fopen(path, "ae");
	if (!log_file)
		return err_set(e, errno, "cannot write the log %s: %s", path, strerror(errno));
	setvbuf(log_file, NULL, _IOLBF, 0);
	return 0;
}

void log_line(const char *format, ...)
{
	va_list ap;

	if (!log_file)
		return;
	flockfile(log_file);
	fprintf(log_file, "%.6f ", nsec_to_seconds(clock_now()));
	va_start(ap, format);
	vfprintf(log_file, format, ap);
	va_end(ap);
	fputc('\n', log_file);
	funlockfile(log_file);
}

void log_close(void)
{
	if (log_file)
		fclose(log_file);
	log_file = NULL;
}
