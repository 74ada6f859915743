#include <stdio.h>

int main(void)
{
    printf("%s built %s %s\n", __FILE__, __DATE__, __TIME__);
    return 0;
}
