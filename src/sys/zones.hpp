#pragma once

namespace gladhand {

/// Zones of addresses are this system's interfaces from now on.
void use_system_zones();

}  // namespace gladhand
