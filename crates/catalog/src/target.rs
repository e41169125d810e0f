//! For which interpreter and platform a file is wanted.

use std::collections::HashMap;

use uv_distribution_filename::WheelFilename;
use uv_pep508::MarkerEnvironment;

/// An interpreter on a platform: what markers say there, and which wheels it takes.
#[derive(Debug, Clone)]
pub struct Target {
    markers: MarkerEnvironment,
    /// `cp312-cp312-linux_x86_64` and so on; the best has rank 0.
    ranks: HashMap<String, u32>,
}

impl Target {
    /// From the values of the markers (PEP 508) and all tags it takes, best first (PEP 425).
    pub fn new(markers: MarkerEnvironment, tags: impl IntoIterator<Item = String>) -> Self {
        let mut ranks = HashMap::new();
        for (rank, tag) in (0..).zip(tags) {
            ranks.entry(tag).or_insert(rank);
        }
        Self { markers, ranks }
    }

    /// The values of the markers.
    #[must_use]
    pub const fn markers(&self) -> &MarkerEnvironment {
        &self.markers
    }

    /// How well a wheel fits: 0 is best, `None` is not at all.
    #[must_use]
    pub fn rank(&self, wheel: &WheelFilename) -> Option<u32> {
        let mut best = None;
        for python in wheel.python_tags() {
            for abi in wheel.abi_tags() {
                for platform in wheel.platform_tags() {
                    let rank = self.ranks.get(&format!("{python}-{abi}-{platform}")).copied();
                    best = [best, rank].into_iter().flatten().min();
                }
            }
        }
        best
    }
}
