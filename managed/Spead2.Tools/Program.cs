// SPDX-License-Identifier: MIT

using Spead2.Tools.Commands;
using Spead2.Tools.Output;

var terminal = new Terminal(Console.OpenStandardOutput(), Console.Out, Console.Error);
return await SpeadCommand.RunAsync(args, terminal);
