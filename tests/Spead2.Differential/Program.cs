// SPDX-License-Identifier: MIT

using Spead2.Differential;

return DifferentialCommand.Run(args);
