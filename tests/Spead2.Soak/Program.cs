// SPDX-License-Identifier: MIT

using Spead2.Soak.Commands;

return SoakProgram.Run(args);
