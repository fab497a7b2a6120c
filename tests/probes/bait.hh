#pragma once
// What lies outside the sandbox for the attempts to find. `caisson-probe --bait -- COMMAND…` lays
// it and starts the sandbox in the middle of it; the attempts inside know its names from a token.

#include <string>

namespace caisson::probes {

/// The bait that was laid, as its token says: "PID.PORT".
struct Bait {
    int pid = 0;  ///< of the process that laid it: the host's number
    int port = 0; ///< of 127.0.0.1, of the host's network namespace
};

/// Null where no bait was laid.
const Bait* bait();
/// False where `token` is none.
bool know_bait(const std::string& token);

/// The one name that all bait bears: "caisson-bait-PID.PORT".
std::string bait_name();
/// In a directory that every user can read, outside of any image.
std::string bait_file();

/// Lays the bait, runs the command with "@token" in it replaced, and takes the bait away again:
/// the command's exit status, or 125 where there was none.
///
/// What is laid: a listener on 127.0.0.1 and one on an abstract socket, a System V segment, a POSIX
/// queue, files in /var/tmp and /dev/shm, a key in the session's keyring. And what is handed on, as
/// a careless launcher would: a variable, a descriptor of `/`, one of a socket, a terminal as
/// standard input and as the controlling one.
int run_in_the_middle_of_bait(char** command);

/// The descriptors that are handed on, and the variable.
constexpr int kLeakedDirectory = 71;
constexpr int kLeakedSocket = 72;
constexpr const char* kLeakedVariable = "CAISSON_BAIT";

} // namespace caisson::probes
