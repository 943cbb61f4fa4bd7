// SPDX-License-Identifier: MIT

using Spead2.Mutants;

return MutantsCommand.Run(args);
