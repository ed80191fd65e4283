"""What `nightrounds new platform` begins with: a small crawler that works, of an invented platform called parlor."""
