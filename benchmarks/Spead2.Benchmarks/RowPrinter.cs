// SPDX-License-Identifier: MIT

namespace Spead2.Benchmarks;

/// <summary>Prints rows as they are measured: for people as a table, else as JSON lines.</summary>
internal sealed class RowPrinter(bool json)
{
    private string[] _columns = [];

    /// <summary>Prints a row; one with other columns than the one before begins a table.</summary>
    public void Print(Row row)
    {
        if (json)
        {
            Console.WriteLine(row);
            return;
        }

        string[] columns = [.. row.Names];
        if (!columns.SequenceEqual(_columns))
        {
            _columns = columns;
            Console.WriteLine($"\n| {string.Join(" | ", columns)} |\n|{string.Concat(columns.Select(_ => "---|"))}");
        }

        Console.WriteLine($"| {string.Join(" | ", columns.Select(row.Text))} |");
    }
}
