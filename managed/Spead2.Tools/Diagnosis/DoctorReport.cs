// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Tools.Output;

namespace Spead2.Tools.Diagnosis;

/// <summary>Shows what was looked at, and what was found.</summary>
/// <param name="terminal">Where.</param>
/// <param name="settings">What was asked for.</param>
internal sealed class DoctorReport(Terminal terminal, DoctorSettings settings)
{
    /// <summary>Shows it all.</summary>
    public void Show(IReadOnlyList<Fact> facts, IReadOnlyList<Finding> findings, IReadOnlyCollection<string> refused)
    {
        facts = settings.FindingsOnly ? [] : facts;
        int faults = findings.Count(finding => finding.IsFault);
        string verdict = faults == 0 ? "Nothing is wrong, as far as can be seen."
            : faults == 1 ? "1 thing is wrong."
            : $"{Readable.Number(faults)} things are wrong.";
        if (settings.Json)
        {
            WriteJson(facts, findings, refused, verdict, faults);
            return;
        }

        if (facts.Count > 0)
        {
            TextTable table = new TextTable("Looked at").HideHeaders().AddColumn("what", wraps: false).AddColumn("how it is");
            foreach (Fact fact in facts)
            {
                table.AddRow(fact.Topic, fact.Text);
            }

            terminal.Write(table);
        }

        foreach (Finding finding in findings)
        {
            terminal.WriteLine((finding.IsFault ? "wrong: " : "hint: ") + finding.Text, finding.Tone);

            // In one piece, so that it can be copied.
            terminal.Writer.WriteLine($"  {Printable.Of(finding.Cure)}");
        }

        if (refused.Count > 0)
        {
            terminal.WriteLine($"Not looked at, as it may not be read: {string.Join(", ", refused)}.");
        }

        terminal.WriteLine(verdict, faults == 0 ? Tone.Good : Tone.Bad);
    }

    private void WriteJson(
        IReadOnlyList<Fact> facts,
        IReadOnlyList<Finding> findings,
        IReadOnlyCollection<string> refused,
        string verdict,
        int faults)
    {
        using JsonLines lines = new(terminal.Output);
        Utf8JsonWriter json = lines.Json;
        foreach (Fact fact in facts)
        {
            WriteObject("fact", ("topic", fact.Topic), ("text", fact.Text));
        }

        foreach (Finding finding in findings)
        {
            WriteObject(
                "finding",
                ("code", finding.Code),
                ("severity", finding.IsFault ? "wrong" : "hint"),
                ("text", finding.Text),
                ("cure", finding.Cure));
        }

        foreach (string file in refused)
        {
            WriteObject("not_looked_at", ("file", file));
        }

        json.WriteStartObject();
        json.WriteStartObject("verdict");
        json.WriteString("text", verdict);
        json.WriteNumber("wrong", faults);
        json.WriteEndObject();
        json.WriteEndObject();
        lines.EndLine();
        lines.Flush();

        void WriteObject(string name, params ReadOnlySpan<(string Name, string Value)> fields)
        {
            json.WriteStartObject();
            json.WriteStartObject(name);
            foreach ((string field, string value) in fields)
            {
                json.WriteString(field, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
            lines.EndLine();
        }
    }
}
