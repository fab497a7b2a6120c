#include <stdio.h>
#include <sys/utsname.h>

int main(void)
{
    struct utsname host;

    if (uname(&host) != 0) {
        perror("uname");
        return 1;
    }
    printf("hello from a sealed build, on %s\n", host.machine);
    return 0;
}
