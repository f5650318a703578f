/* The ways that older kernels have to learn of messages, as far as this one has them: what system calls return, and a table
 * of sockets by address instead of storage with them. */
#define SOCK_WAY 4
#define SOCK_WAY_TEXT "4"
#include "test_sock.c"
