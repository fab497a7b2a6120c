#pragma once

namespace caisson::sandbox::sys {

/// Brings up the loopback interface of the caller's network namespace (rtnetlink(7)).
void bring_loopback_up();

} // namespace caisson::sandbox::sys
