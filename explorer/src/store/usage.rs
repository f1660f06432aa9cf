//! A model's calls and revenue over time.

use rusqlite::params;

use super::{amount, Reader, Result};
use crate::view::{Amount, Usage, UsagePoint};

/// The most points of a chart.
const MAX_POINTS: u64 = 120;
/// Hours of a point that people can name: an hour, a day, a week, 4 weeks, a year.
const BUCKETS: [u64; 7] = [1, 6, 24, 24 * 7, 24 * 28, 24 * 364, 24 * 3_640];

impl Reader {
    /// A model's use over time, in the finest points of which not too many are needed.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn usage(&self, model_id: u64) -> Result<Usage> {
        let id = super::write::storable(model_id);
        self.read(|connection| {
            let sql = "SELECT hour, calls, revenue FROM usage WHERE model_id = ?1 ORDER BY hour";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([id], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?, amount(row, 2)?))
            })?;
            let hours = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let (first, last) = match (hours.first(), hours.last()) {
                (Some(first), Some(last)) => (first.0, last.0),
                _ => (0, 0),
            };
            let fits = |hours: &&u64| last / **hours - first / **hours < MAX_POINTS;
            // A block's time is chosen by the sequencer: the number of points is bounded all the same.
            let step = BUCKETS.iter().find(fits).copied().unwrap_or((last - first) / MAX_POINTS + 1);
            let start = first / step;
            let n_points = if hours.is_empty() { 0 } else { last / step - start + 1 };
            let mut points: Vec<UsagePoint> = (0..n_points)
                .map(|point| UsagePoint {
                    start: (start + point) * step * 3_600,
                    calls: 0,
                    revenue: Amount(0),
                    gas_l2: 0,
                })
                .collect();
            let (mut calls, mut revenue) = (0, 0u128);
            for (hour, n, paid) in &hours {
                let Some(point) = points.get_mut((hour / step - start) as usize) else { continue };
                point.calls += n;
                point.revenue = Amount(point.revenue.0.saturating_add(paid.0));
                calls += n;
                revenue = revenue.saturating_add(paid.0);
            }
            // A transaction's gas is shared evenly among its calls.
            let sql = "SELECT c.time / 3600 / ?2, COUNT(*),
                       SUM(r.gas_l2 / (SELECT COUNT(*) FROM calls o WHERE o.tx = c.tx))
                       FROM calls c JOIN receipts r ON r.tx = c.tx WHERE c.model_id = ?1 GROUP BY 1";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![id, step], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?, row.get::<_, u64>(2)?))
            })?;
            let (mut known, mut gas) = (0, 0u64);
            for row in rows {
                let (bucket, n, sum) = row?;
                known += n;
                gas = gas.saturating_add(sum);
                if let Some(point) = points.get_mut(bucket.saturating_sub(start) as usize) {
                    point.gas_l2 = sum;
                }
            }
            let sql = "SELECT COUNT(DISTINCT caller) FROM calls WHERE model_id = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let callers = statement.query_row([id], |row| row.get(0))?;
            Ok(Usage {
                model_id,
                bucket_seconds: step * 3_600,
                points,
                calls,
                revenue: Amount(revenue),
                callers,
                mean_gas_l2: gas.checked_div(known),
            })
        })
    }
}
