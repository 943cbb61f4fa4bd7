// SPDX-License-Identifier: MIT

using Spectre.Console;
using Spectre.Console.Rendering;

namespace Spead2.Tools.Output;

/// <summary>A table whose cells are shown as they are: without markup, and printable whatever is in them.</summary>
internal sealed class TextTable
{
    private readonly Table _table = new Table().RoundedBorder();

    /// <summary>Makes a table without columns.</summary>
    /// <param name="title">Title; empty for none.</param>
    /// <param name="tone">What the title means.</param>
    public TextTable(string title = "", Tone tone = Tone.Plain)
    {
        if (title.Length > 0)
        {
            _table.Title = new TableTitle(Markup.Escape(Printable.Of(title)), StyleOf(tone));
        }
    }

    /// <summary>Number of rows.</summary>
    public int RowCount => _table.Rows.Count;

    /// <summary>What is shown of it.</summary>
    public IRenderable Rendering => _table;

    /// <summary>Style of a text that means something.</summary>
    public static Style StyleOf(Tone tone) => tone switch
    {
        Tone.Good => new(Color.Green),
        Tone.Warning => new(Color.Yellow),
        Tone.Bad => new(Color.Red),
        _ => Style.Plain,
    };

    /// <summary>A text that can be shown.</summary>
    public static Text Show(Cell cell) => new(Printable.Of(cell.Content), StyleOf(cell.Tone));

    /// <summary>Adds a column.</summary>
    /// <param name="header">Header.</param>
    /// <param name="isRight">Whether the cells end at the right, as numbers do.</param>
    /// <param name="wraps">Whether long cells take several lines.</param>
    public TextTable AddColumn(string header, bool isRight = false, bool wraps = true)
    {
        TableColumn column = new(Show(header)) { NoWrap = !wraps };
        _table.AddColumn(isRight ? column.RightAligned() : column);
        return this;
    }

    /// <summary>Shows the rows without their headers.</summary>
    public TextTable HideHeaders()
    {
        _table.HideHeaders();
        return this;
    }

    /// <summary>Adds a row.</summary>
    public TextTable AddRow(params ReadOnlySpan<Cell> cells)
    {
        IRenderable[] row = new IRenderable[cells.Length];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = Show(cells[i]);
        }

        _table.AddRow(row);
        return this;
    }

    /// <summary>Changes a cell.</summary>
    public void UpdateCell(int row, int column, Cell cell) => _table.UpdateCell(row, column, Show(cell));
}
