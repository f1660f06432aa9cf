//! Who is connected, and who gives way.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::progress::Progress;
use super::proxies::{bucket, Proxies};

/// Connections at the same time.
pub(super) const MAX_CONNECTIONS: usize = 512;
/// Connections of one address; named proxies may have more.
pub(super) const MAX_OF_ADDRESS: usize = 128;
/// A connection that was active so recently does not give way.
const ACTIVE: Duration = Duration::from_millis(300);

/// All connections.
#[derive(Clone, Debug)]
pub(super) struct Room {
    seats: Arc<Mutex<Seats>>,
    proxies: Proxies,
}

#[derive(Debug, Default)]
struct Seats {
    taken: HashMap<u64, Seat>,
    per_address: HashMap<IpAddr, usize>,
    next: u64,
}

#[derive(Debug)]
struct Seat {
    address: IpAddr,
    progress: Arc<Progress>,
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    seats: Arc<Mutex<Seats>>,
    number: u64,
    pub(super) progress: Arc<Progress>,
}

fn lock(seats: &Mutex<Seats>) -> MutexGuard<'_, Seats> {
    seats.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Room {
    pub(super) fn new(proxies: Proxies) -> Self {
        Self { seats: Arc::default(), proxies }
    }

    /// A place for a new connection, if need be that of one that makes no progress.
    pub(super) fn take(&self, address: IpAddr) -> Option<Place> {
        let is_proxy = self.proxies.trusts(address);
        let address = bucket(address);
        let mut seats = lock(&self.seats);
        let own = seats.per_address.get(&address).copied().unwrap_or(0);
        if !is_proxy && own >= MAX_OF_ADDRESS {
            seats.displace(address)?;
        } else if seats.taken.len() >= MAX_CONNECTIONS {
            let (busiest, most) = seats.per_address.iter().max_by_key(|(_, count)| **count)?;
            // Nobody gives way to an address that has as many connections itself.
            let (busiest, most) = (*busiest, *most);
            seats.displace(if most > own + 1 { busiest } else { address })?;
        }
        let (number, progress) = (seats.next, Arc::new(Progress::new()));
        seats.next += 1;
        seats.taken.insert(number, Seat { address, progress: progress.clone() });
        *seats.per_address.entry(address).or_default() += 1;
        Some(Place { seats: self.seats.clone(), number, progress })
    }
}

impl Seats {
    /// Ends the connection of an address that was inactive longest; none if all are active.
    fn displace(&mut self, address: IpAddr) -> Option<()> {
        let of_address = self.taken.iter().filter(|(_, seat)| seat.address == address);
        let idle = of_address.map(|(number, seat)| (seat.progress.idle(), *number));
        let (idle, number) = idle.max()?;
        if idle < ACTIVE {
            return None;
        }
        self.free(number).map(|seat| seat.progress.displace())
    }

    fn free(&mut self, number: u64) -> Option<Seat> {
        let seat = self.taken.remove(&number)?;
        match self.per_address.get_mut(&seat.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                self.per_address.remove(&seat.address);
            }
        }
        Some(seat)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.seats).free(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    #[test]
    fn no_address_takes_all_the_room() {
        let room = Room::new(Proxies::default());
        let mut places: Vec<_> = (0..MAX_OF_ADDRESS).map(|_| room.take(of(1)).unwrap()).collect();
        assert!(room.take(of(1)).is_none(), "all of them are active");
        places.pop();
        places.push(room.take(of(1)).unwrap());
        for last in 2..=(MAX_CONNECTIONS / MAX_OF_ADDRESS) as u8 {
            places.extend((0..MAX_OF_ADDRESS).map(|_| room.take(of(last)).unwrap()));
        }
        assert!(room.take(of(99)).is_none(), "{MAX_CONNECTIONS} in all");
        std::thread::sleep(ACTIVE * 2);
        let newcomer = room.take(of(99)).unwrap();
        let seats = lock(&room.seats);
        assert_eq!(seats.taken.len(), MAX_CONNECTIONS);
        assert_eq!(seats.per_address[&of(99)], 1);
        drop(seats);
        drop(newcomer);
        drop(places);
        assert!(lock(&room.seats).taken.is_empty() && lock(&room.seats).per_address.is_empty());
    }

    #[test]
    fn the_longest_idle_gives_way_and_the_active_stays() {
        let room = Room::new(Proxies::default());
        let places: Vec<_> = (0..MAX_OF_ADDRESS).map(|_| room.take(of(1)).unwrap()).collect();
        std::thread::sleep(ACTIVE * 2);
        places[0].progress.requested();
        let newcomer = room.take(of(1)).unwrap();
        let seats = lock(&room.seats);
        assert!(seats.taken.contains_key(&places[0].number), "its request is being answered");
        assert!(seats.taken.contains_key(&newcomer.number));
        assert_eq!(seats.per_address[&of(1)], MAX_OF_ADDRESS);
    }

    #[test]
    fn only_a_named_proxy_speaks_for_many() {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let count = |proxies| {
            let room = Room::new(proxies);
            let places: Vec<_> = (0..MAX_CONNECTIONS).map_while(|_| room.take(loopback)).collect();
            places.len()
        };
        assert_eq!(count(Proxies::default()), MAX_OF_ADDRESS);
        assert_eq!(count(Proxies::new(vec!["127.0.0.1/32".parse().unwrap()])), MAX_CONNECTIONS);
    }
}
