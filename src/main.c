/* Which subcommand; nothing else. */
int main(void)
{
	return 0;
}
