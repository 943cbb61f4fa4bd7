// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Fuzz.Guided;
using Spead2.Fuzz.Headers;
using Spead2.Fuzz.Items;

// For example: dotnet run -c Release --project tests/Shared/Spead2.Fuzz -- items --cases 1000000
var root = new RootCommand(
    "Feeds random and mutated input to the parts of Spead2 that read what comes from the network.")
{
    ItemsCommand.Create(),
    HeadersCommand.Create(),
    GuidedCommands.CreateGuide(),
    GuidedCommands.CreateMerge(),
    GuidedCommands.CreateReplay(),
};
return root.Parse(args).Invoke();
