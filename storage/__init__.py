"""What is kept, and how: tables, encryption, evidence and the audit chain. It knows accounts and posts, never a platform."""
