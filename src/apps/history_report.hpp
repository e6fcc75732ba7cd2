// What --history-show prints.
#pragma once

#include <string>
#include <vector>

#include "dial/history_keeper.hpp"

namespace gladhand {

/// A line for each network, and one for each of its addresses. Empty when there is none.
std::string history_report(const std::vector<HistoryKeeper::Network>& networks);

}  // namespace gladhand
