// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Engines;

/// <summary>Does something many times and looks at what is left behind.</summary>
internal static class Repeatedly
{
    private const int WarmUps = 10;

    /// <summary>Fails if the process then holds more than after the first few times.</summary>
    public static async Task Do(int repetitions, Func<int, Task> action)
    {
        // What the runtime and the library hold once they have done everything.
        for (int repetition = 0; repetition < WarmUps; repetition++)
        {
            await action(repetition);
        }

        Collect();
        ProcessResources before = ProcessResources.Now;
        for (int repetition = 0; repetition < repetitions; repetition++)
        {
            await action(repetition);
        }

        ProcessResources after = before;
        Poll.Until(
            () =>
            {
                Collect();
                after = ProcessResources.Now;
                return after.IsWithin(before);
            },
            () => $"{after} is no more than {before}");
    }

    /// <summary>Collects garbage and runs finalizers.</summary>
    public static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
