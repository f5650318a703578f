/* Numbers from /proc/PID/status, however long it is. */
#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void numbers_behind_a_thousand_groups(void **state)
{
	char path[] = "/tmp/tach-test-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");

	(void)state;
	fprintf(f, "Name:\tNSpid: 7\nUid:\t10\t11\t12\t13\nGid:\t\nGroups:\t");
	for (int i = 0; i < 65536; i++)
		fprintf(f, "%d ", 4000000 + i);
	fprintf(f, "\nNStgid:\t900\t90\t9\nNSpid:\t901\t91\t3\nNSpgid:\t1\n");
	fclose(f);
	assert_int_equal(file_status_number(AT_FDCWD, path, "NSpid:", -1), 3);
	assert_int_equal(file_status_number(AT_FDCWD, path, "Uid:", -1), 13);
	assert_int_equal(file_status_number(AT_FDCWD, path, "Gid:", -1), -1); /* not the next line's */
	assert_int_equal(file_status_number(AT_FDCWD, path, "Threads:", -2), -2);
	unlink(path);
	assert_int_equal(file_status_number(AT_FDCWD, path, "NSpid:", 5), 5);
	assert_int_equal(file_status_number(AT_FDCWD, "/proc/self/status", "NSpid:", -1), getpid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_behind_a_thousand_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
