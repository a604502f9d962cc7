//! Measurements of one figure, and how they are told: medians of runs taken in turn, and how far the runs lie apart.

/// Measurements in one unit, in the order in which they were made.
#[derive(Default, Clone)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value below which this part of the measurements lies. NaN without measurements.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        sorted.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The machine's noise: the interquartile range as a part of the median.
    pub(crate) fn noise(&self) -> f64 {
        (self.quantile(0.75) - self.quantile(0.25)) / self.median()
    }
}

/// Milliseconds.
pub(crate) fn ms(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// As many digits as say something.
pub(crate) fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "-".to_owned(),
        value if value.abs() < 10.0 => format!("{value:.2}"),
        value if value.abs() < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// One line: ours, the same work bare with the ratio and its noise, then the others.
pub(crate) fn tell(what: &str, unit: &str, ours: &Sample, bare: &Sample, others: &[(&str, Sample)]) {
    let mut line = format!("{what}: {} {unit}", number(ours.median()));
    if bare.is_empty() {
        line += &format!(" (noise {:.0} %)", ours.noise() * 100.0);
    } else {
        let ratio = ours.median() / bare.median();
        line += &format!("; bare {} {unit}, ratio {ratio:.2} (noise {:.0} %)", number(bare.median()), bare.noise() * 100.0);
    }
    for (name, sample) in others.iter().filter(|(_, sample)| !sample.is_empty()) {
        line += &format!("; {name} {}", number(sample.median()));
    }
    println!("{line}");
}
