/* Sorts random numbers for a second or argv[1] seconds, and shows tach how many, how fast and how large: man 3 tach-publish.
 * cc -o publish examples/publish.c && tach -- ./publish 60 */
#include <stdlib.h>
#include <tach/publish.h>
#include <time.h>

static int compare(const void *a, const void *b)
{
	return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

int main(int argc, char **argv)
{
	struct tach_publisher *p = tach_publish_open();
	struct tach_counter sorts = tach_publish_counter(p, "ops", "sorts");
	struct tach_gauge length = tach_publish_gauge(p, "length", "numbers");
	struct tach_histogram took = tach_publish_histogram(p, "sort", "seconds");
	struct tach_writer *writer = tach_publish_writer(p, "main"); /* of this thread */
	struct timespec begin, end = { 0, 0 };
	time_t until = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	static int numbers[1000];

	while (time(NULL) < until) {
		int n = 1 + rand() % 1000;
		for (int i = 0; i < n; i++)
			numbers[i] = rand();
		tach_set(p, length, n);
		clock_gettime(CLOCK_MONOTONIC, &begin);
		qsort(numbers, (size_t)n, sizeof numbers[0], compare);
		clock_gettime(CLOCK_MONOTONIC, &end);
		tach_record(writer, took, (uint64_t)((end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec));
		tach_add(writer, sorts, 1);
	}
	tach_publish_close(p);
	return 0;
}
