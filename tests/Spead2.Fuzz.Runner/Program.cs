// SPDX-License-Identifier: MIT

using Spead2.Fuzz.Runner;

return FuzzCommand.Run(args);
