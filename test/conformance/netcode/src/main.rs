// renetcode over a UDP socket on loopback, driven by test/conformance/netcode.test.ts. What it found is one line of
// JSON on stdout when the connection has ended.
//
//   netcode-peer client --token HEX --client-id N --count N [--leave yes]
//   netcode-peer server --key HEX --protocol N --count N [--leave yes] [--clients N]      prints its port first
//   netcode-peer mint   --key HEX --protocol N --client-id N --address IP:PORT
//
// Once connected both sides send `count` numbered payloads; length and bytes follow from the number and the sender. When
// this one has sent all of its own it says so again and again (REPORT) until the other ends the connection, or ends it
// itself when it has --leave and has got everything.

use renetcode::{
    ClientAuthentication, ConnectToken, DisconnectReason, NetcodeClient, NetcodeServer, ServerAuthentication,
    ServerConfig, ServerResult,
};
use std::collections::HashMap;
use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const OURS: u32 = 1;
const THEIRS: u32 = 0;
const REPORT: u32 = u32::MAX;
/// How far one side is ahead of the newest payload it got: so much fits the buffer of a socket nobody reads for a while.
const AHEAD: u32 = 20;
const GIVE_UP: Duration = Duration::from_secs(60);

fn main() {
    let mut args = std::env::args().skip(1);
    let mode = args.next().expect("client, server or mint");
    let mut options = HashMap::new();
    while let (Some(name), Some(value)) = (args.next(), args.next()) {
        options.insert(name, value);
    }
    match mode.as_str() {
        "client" => client(&options),
        "server" => server(&options),
        "mint" => mint(&options),
        _ => panic!("there is no {mode}"),
    }
}

fn text<'a>(options: &'a HashMap<String, String>, name: &str) -> &'a str {
    options.get(name).unwrap_or_else(|| panic!("{name} is missing"))
}

fn number(options: &HashMap<String, String>, name: &str) -> u64 {
    text(options, name).parse().expect("a number")
}

fn bytes(options: &HashMap<String, String>, name: &str) -> Vec<u8> {
    let hex = text(options, name);
    let pairs = (0..hex.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

fn key(options: &HashMap<String, String>) -> [u8; 32] {
    bytes(options, "--key").try_into().expect("32 bytes")
}

fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

// --- payloads

fn payload(sender: u32, index: u32) -> Vec<u8> {
    let length = 4 + (index.wrapping_mul(37) % 1197) as usize;
    let mut bytes = index.to_le_bytes().to_vec();
    for at in 4..length {
        bytes.push(index.wrapping_mul(31).wrapping_add(at as u32 * 7).wrapping_add(sender * 101) as u8);
    }
    bytes
}

struct Tally {
    count: u32,
    sent: u32,
    seen: Vec<bool>,
    newest: u32,
    received: u32,
    twice: u32,
    wrong: u32,
    reported: Instant,
}

impl Tally {
    fn new(count: u32) -> Self {
        let seen = vec![false; count as usize];
        Tally { count, sent: 0, seen, newest: 0, received: 0, twice: 0, wrong: 0, reported: Instant::now() }
    }

    fn take(&mut self, bytes: &[u8]) {
        let index = bytes.get(..4).map(|head| u32::from_le_bytes(head.try_into().unwrap()));
        match index {
            Some(index) if index < self.count && bytes == payload(THEIRS, index) => {
                let seen = &mut self.seen[index as usize];
                self.received += 1;
                self.newest = self.newest.max(index);
                self.twice += u32::from(*seen);
                *seen = true;
            }
            _ => self.wrong += 1,
        }
    }

    /// What is to be sent now: the next payloads, or the report, 20 times a second.
    fn next(&mut self) -> Vec<Vec<u8>> {
        let until = (self.newest + AHEAD).min(self.count);
        let batch: Vec<Vec<u8>> = (self.sent..until).map(|index| payload(OURS, index)).collect();
        self.sent = until;
        if !batch.is_empty() || self.sent < self.count || self.reported.elapsed() < Duration::from_millis(50) {
            return batch;
        }
        self.reported = Instant::now();
        vec![REPORT.to_le_bytes().to_vec()]
    }

    fn is_complete(&self) -> bool {
        self.sent == self.count && self.received == self.count
    }

    fn print(&self, end: &str, user_data: u8) {
        let Tally { sent, received, twice, wrong, .. } = self;
        println!(
            "{{\"end\":\"{end}\",\"sent\":{sent},\"received\":{received},\"twice\":{twice},\"wrong\":{wrong},\"userData\":{user_data}}}"
        );
    }
}

fn open_socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_nonblocking(true).unwrap();
    socket
}

// --- modes

fn mint(options: &HashMap<String, String>) {
    let address: SocketAddr = text(options, "--address").parse().expect("an address");
    let user_data = [7u8; 256];
    let token = ConnectToken::generate(
        unix_time(),
        number(options, "--protocol"),
        60,
        number(options, "--client-id"),
        5,
        vec![address],
        Some(&user_data),
        &key(options),
    )
    .expect("a token");
    let mut out = Vec::new();
    token.write(&mut out).unwrap();
    let hex: String = out.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{hex}");
}

fn client(options: &HashMap<String, String>) {
    // The crate has the client's id in front of a public token, which the standard has not.
    let mut token = number(options, "--client-id").to_le_bytes().to_vec();
    token.extend(bytes(options, "--token"));
    let connect_token = ConnectToken::read(&mut token.as_slice()).expect("a token");
    let mut client = NetcodeClient::new(unix_time(), ClientAuthentication::Secure { connect_token }).unwrap();
    let mut tally = Tally::new(number(options, "--count") as u32);
    let leaves = options.contains_key("--leave");
    let socket = open_socket();
    let start = Instant::now();
    let mut updated = Instant::now();
    let mut buffer = [0u8; 2048];
    while client.disconnect_reason().is_none() && start.elapsed() < GIVE_UP {
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            if from != client.server_addr() {
                continue;
            }
            if let Some(payload) = client.process_packet(&mut buffer[..length]) {
                tally.take(payload);
            }
        }
        if client.is_connected() {
            for payload in tally.next() {
                let (address, packet) = client.generate_payload_packet(&payload).unwrap();
                socket.send_to(packet, address).unwrap();
            }
        }
        if leaves && tally.is_complete() {
            let (address, packet) = client.disconnect().unwrap();
            socket.send_to(packet, address).unwrap();
        }
        if let Some((packet, address)) = client.update(updated.elapsed()) {
            socket.send_to(packet, address).unwrap();
        }
        updated = Instant::now();
        std::thread::sleep(Duration::from_millis(1));
    }
    let end = match client.disconnect_reason() {
        Some(DisconnectReason::DisconnectedByServer) => "disconnected".to_string(),
        Some(reason) => reason.to_string(),
        None => "gave up".to_string(),
    };
    tally.print(&end, 0);
}

fn server(options: &HashMap<String, String>) {
    let socket = open_socket();
    let address = socket.local_addr().unwrap();
    let mut server = NetcodeServer::new(ServerConfig {
        current_time: unix_time(),
        max_clients: options.get("--clients").map_or(4, |count| count.parse().expect("a number")),
        protocol_id: number(options, "--protocol"),
        public_addresses: vec![address],
        authentication: ServerAuthentication::Secure { private_key: key(options) },
    });
    println!("{}", address.port());
    std::io::stdout().flush().unwrap();
    let mut tally = Tally::new(number(options, "--count") as u32);
    let leaves = options.contains_key("--leave");
    let mut connected = None;
    let mut end = None;
    let mut first_of_user_data = 0;
    let start = Instant::now();
    let mut updated = Instant::now();
    let mut buffer = [0u8; 2048];
    while end.is_none() && start.elapsed() < GIVE_UP {
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            match server.process_packet(from, &mut buffer[..length]) {
                ServerResult::Payload { payload, .. } => tally.take(payload),
                ServerResult::PacketToSend { addr, payload } => {
                    socket.send_to(payload, addr).unwrap();
                }
                ServerResult::ClientConnected { client_id, addr, user_data, payload } => {
                    connected = Some(client_id);
                    first_of_user_data = user_data[0];
                    socket.send_to(payload, addr).unwrap();
                }
                ServerResult::ClientDisconnected { .. } => end = Some("disconnected"),
                ServerResult::None => {}
            }
        }
        if let (Some(client_id), None) = (connected, end) {
            // Payloads mean nothing to a client before the first keep-alive; it sends one itself when it has that.
            if tally.received + tally.wrong > 0 {
                for payload in tally.next() {
                    let (addr, packet) = server.generate_payload_packet(client_id, &payload).unwrap();
                    socket.send_to(packet, addr).unwrap();
                }
            }
            let result = if leaves && tally.is_complete() {
                server.disconnect(client_id)
            } else {
                server.update_client(client_id)
            };
            match result {
                ServerResult::PacketToSend { addr, payload } => {
                    socket.send_to(payload, addr).unwrap();
                }
                ServerResult::ClientDisconnected { addr, payload, .. } => {
                    socket.send_to(payload.unwrap(), addr).unwrap();
                    end = Some("left");
                }
                _ => {}
            }
        }
        server.update(updated.elapsed());
        updated = Instant::now();
        std::thread::sleep(Duration::from_millis(1));
    }
    tally.print(end.unwrap_or("gave up"), first_of_user_data);
}
