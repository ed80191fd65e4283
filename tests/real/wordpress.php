<?php
// Does one thing to the WordPress in the folder named first, as JSON on standard input says, and prints the outcome as JSON.
// {"do": "install"} | {"do": "create", post fields} | {"do": "create_many", "count": n} | {"do": "update", "ID": n, post fields} | {"do": "trash" | "delete" | "publish", "ID": n}
// {"do": "comment", comment fields} | {"do": "update_comment", "ID": n, "content": text} | {"do": "trash_comment" | "delete_comment", "ID": n}

if (PHP_SAPI !== 'cli') {
    exit(1);
}
$order = json_decode(stream_get_contents(STDIN), true, 8, JSON_THROW_ON_ERROR);
$_SERVER['HTTP_HOST'] = $argv[2];
$_SERVER['REQUEST_URI'] = '/';
if ($order['do'] === 'install') {
    define('WP_INSTALLING', true);
}
function wp_new_blog_notification() {} // no mail leaves this machine
require $argv[1] . '/wp-load.php';

$fields = array_diff_key($order, ['do' => 1]);
switch ($order['do']) {
    case 'install':
        require ABSPATH . 'wp-admin/includes/upgrade.php';
        wp_install('Rounds Test Clinic', 'editor', 'editor@example.org', true, '', wp_generate_password(24));
        update_option('blogdescription', 'News of an invented clinic');
        update_option('timezone_string', 'America/New_York');
        update_option('permalink_structure', '/%postname%/');
        flush_rewrite_rules(false);
        $id = 0;
        break;
    case 'create':
        $id = wp_insert_post($fields + ['post_status' => 'publish'], true);
        break;
    case 'create_many':
        for ($number = 1; $number <= $order['count']; $number++) {
            $id = wp_insert_post(['post_status' => 'publish', 'post_title' => "Number $number", 'post_content' => "<p>Text $number.</p>"], true);
        }
        break;
    case 'update':
        $id = wp_update_post($fields, true);
        break;
    case 'trash':
        $id = wp_trash_post($order['ID']) ? $order['ID'] : 0;
        break;
    case 'delete':
        $id = wp_delete_post($order['ID'], true) ? $order['ID'] : 0;
        break;
    case 'publish':
        wp_publish_post($order['ID']);
        $id = $order['ID'];
        break;
    case 'comment':
        $id = wp_insert_comment(wp_slash($fields) + ['comment_approved' => 1, 'comment_type' => 'comment']);
        break;
    case 'update_comment':
        wp_update_comment(['comment_ID' => $order['ID'], 'comment_content' => $order['content']]);
        $id = $order['ID'];
        break;
    case 'trash_comment':
        wp_trash_comment($order['ID']);
        $id = $order['ID'];
        break;
    case 'delete_comment':
        wp_delete_comment($order['ID'], true);
        $id = $order['ID'];
        break;
}
if (is_wp_error($id)) {
    fwrite(STDERR, $id->get_error_message());
    exit(1);
}
echo json_encode(['id' => $id, 'link' => $id ? get_permalink($id) : '', 'guid' => $id ? get_the_guid($id) : '']);
