// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Fuzz.Items;

namespace Spead2.Fuzz.Guided;

/// <summary>The commands `guide`, `merge` and `replay`.</summary>
internal static class GuidedCommands
{
    /// <summary>Makes `guide`.</summary>
    public static Command CreateGuide()
    {
        var seconds = new Option<double>("--seconds") { HelpName = "N", Description = "How long.", Required = true };
        var findings = new Option<string>("--findings")
        {
            HelpName = "PREFIX",
            Description = "How the paths of findings begin.",
            Required = true,
        };
        var folders = new Argument<string[]>("folders") { Description = "Inputs. New ones go to the first folder." };
        var command = new Command("guide", "Item groups, with changes that are guided by coverage. Exit code 1 at a finding.")
        {
            seconds,
            findings,
            folders,
        };
        command.SetAction(parsed =>
        {
            string[] given = parsed.GetValue(folders)!;
            var fuzz = new GuidedFuzz(given[0], parsed.GetValue(findings)!, Random.Shared.Next());
            return fuzz.Run(TimeSpan.FromSeconds(parsed.GetValue(seconds)), given) ? 0 : 1;
        });
        return command;
    }

    /// <summary>Makes `merge`.</summary>
    public static Command CreateMerge()
    {
        var to = new Argument<string>("to") { Description = "Folder that gets inputs." };
        var from = new Argument<string[]>("from") { Description = "Folders that have them." };
        var command = new Command("merge", "Adds inputs to a folder that reach code which those there do not reach.")
        {
            to,
            from,
        };
        command.SetAction(parsed => GuidedFuzz.Merge(parsed.GetValue(to)!, parsed.GetValue(from)!));
        return command;
    }

    /// <summary>Makes `replay`.</summary>
    public static Command CreateReplay()
    {
        var files = new Argument<string[]>("files") { Description = "Inputs of `guide`." };
        var command = new Command("replay", "Runs inputs again: a finding ends with its exception.") { files };
        command.SetAction(parsed =>
        {
            var tally = new ItemTally { Seed = 0 };
            foreach (string file in parsed.GetValue(files)!)
            {
                byte[] input = File.ReadAllBytes(file);
                Console.WriteLine(input.Length > 0 && (input[0] & ItemInput.Packets) != 0 ? file : $"{file}: {ItemBytes.Read(input)}");
                ItemInput.Run(input, tally, () => { }, exception => Console.WriteLine(exception.Message));
            }

            Console.WriteLine(tally);
        });
        return command;
    }
}
