// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Languages;

/// <content>The switch that is compiled into the C core.</content>
internal sealed partial class CBench
{
    private const string HeaderText = """
        /* Which mutant is on, and which have been reached. Made by tests/Spead2.Mutants. */
        #ifndef SP2_BASE_MUTANTS_H
        #define SP2_BASE_MUTANTS_H

        extern int sp2__mutant;
        extern unsigned char *sp2__mutants_reached;

        static inline int sp2__mutant_is(int number) {
            if (__builtin_expect(sp2__mutants_reached != 0, 0)) {
                __atomic_store_n(&sp2__mutants_reached[number], 1, __ATOMIC_RELAXED);
            }
            return __builtin_expect(sp2__mutant == number, 0);
        }

        #endif

        """;

    private static readonly string SourceText = $$"""
        /* Made by tests/Spead2.Mutants. */
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <unistd.h>

        #include "base/mutants.h"

        int sp2__mutant;
        unsigned char *sp2__mutants_reached;

        __attribute__((constructor(101))) static void read_mutant(void) {
            const char *number = getenv("{{ReachedMutants.Mutant}}");
            const char *reached = getenv("{{ReachedMutants.FileVariable}}");
            sp2__mutant = number == NULL ? 0 : atoi(number);
            if (reached != NULL) {
                const int file = open(reached, O_RDWR | O_CLOEXEC);
                void *marks = mmap(NULL, {{ReachedMutants.Capacity}}, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
                sp2__mutants_reached = marks == MAP_FAILED ? NULL : marks;
                close(file);
            }
        }

        """;
}
